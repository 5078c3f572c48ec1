#include "engine/data/published.h"

#include <fmt/format.h>

#include <cassert>

#include "engine/core/shell_word.h"

namespace pcnn {
namespace {

constexpr PublishedDataset kMnist{"mnist", "MNIST", "data/mnist"};
constexpr PublishedDataset kFashionMnist{"fashion-mnist", "Fashion-MNIST",
                                         "/usr/share/datasets/fashion-mnist"};  // of Debian's package
constexpr std::string_view kFetchedFashionMnist = "data/fashion-mnist";
constexpr PublishedDataset kCifar10{"cifar10", "CIFAR-10", "data/cifar-10-batches-bin"};

}  // namespace

const PublishedDataset* published_dataset(DatasetKind dataset) {
  switch (dataset) {
    case DatasetKind::kMnist:
      return &kMnist;
    case DatasetKind::kFashionMnist:
      return &kFashionMnist;
    case DatasetKind::kCifar10:
      return &kCifar10;
    case DatasetKind::kIdx:
    case DatasetKind::kNpy:
    case DatasetKind::kPng:
      break;
  }
  return nullptr;
}

std::vector<std::string> folders_of(DatasetKind dataset, const std::string& directory) {
  if (dataset == DatasetKind::kFashionMnist && directory == kFashionMnist.directory)
    return {directory, std::string(kFetchedFashionMnist)};
  return {directory};
}

std::string remedy_for_missing(DatasetKind dataset, const std::string& directory) {
  const PublishedDataset* known = published_dataset(dataset);
  assert(known);
  const bool elsewhere = directory != known->directory;
  return fmt::format("run scripts/fetch_data.sh {}{}{}, or set data.directory", known->name,
                     elsewhere ? " " : "", elsewhere ? shell_word(directory) : "");
}

}  // namespace pcnn

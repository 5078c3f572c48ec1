#include "engine/data/png_source.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/natural_order.h"
#include "engine/data/picture.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrain = "train";
constexpr const char* kTest = "test";
constexpr const char* kRemedy =
    "data.directory must hold folders train and test of .png files, or .png files, or a folder of them for "
    "each "
    "class";

std::string in(const std::string& directory, const std::string& name) {
  return (fs::path(directory) / name).string();
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// The classes of both, each once, in the order of their names.
std::vector<std::string> united(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> all;
  std::ranges::set_union(a, b, std::back_inserter(all), comes_before);
  return all;
}

void rename_labels(ImageSet& images, std::vector<std::string> names) {
  for (int& label : images.labels) {
    const std::string& name = images.label_names[static_cast<std::size_t>(label)];
    label = static_cast<int>(std::ranges::find(names, name) - names.begin());
  }
  images.label_names = std::move(names);
}

}  // namespace

std::string PngSource::title() const {
  return "PNG files in " + directory_ + ",";
}

std::uint64_t PngSource::shape_at() const {
  return 16;  // IHDR
}

bool PngSource::has_parts() const {
  return is_folder(in(directory_, kTrain)) || is_folder(in(directory_, kTest));
}

bool PngSource::has_test() const {
  return is_folder(in(directory_, kTest)) || !is_folder(directory_);
}

PngFolder PngSource::list(Part part) const {
  if (!has_parts()) return list_png_folder(directory_, kRemedy);
  return list_png_folder(in(directory_, part == Part::kTrain ? kTrain : kTest), kRemedy);
}

ImageSet PngSource::read(Part part) const {
  const PngFolder folder = list(part);
  if (with_labels_ && folder.labels.empty())
    throw FileError(folder.path, "holds no folders of classes, but data.labels: true needs them");
  ImageSet images = read_png_folder(folder);
  if (!has_parts()) return images;
  const char* const name = part == Part::kTrain ? kTrain : kTest;
  for (std::string& file : images.files) file = std::string(name) + "/" + file;
  const std::string other = in(directory_, part == Part::kTrain ? kTest : kTrain);
  if (!images.labels.empty() && is_folder(other))
    rename_labels(images, united(images.label_names, list_png_folder(other, kRemedy).label_names));
  if (part == Part::kTrain) {
    const std::string beside = passed_over_beside(directory_, {kTrain, kTest});
    if (!beside.empty()) images.passed_over += (images.passed_over.empty() ? "" : "; ") + beside;
  }
  return images;
}

Shape PngSource::shape() const {
  const PngFolder folder = list(has_test() ? Part::kTest : Part::kTrain);
  const Image8 first = read_picture(in(folder.path, folder.files.front()), 0);
  return {1, first.channels, first.height, first.width};
}

}  // namespace pcnn

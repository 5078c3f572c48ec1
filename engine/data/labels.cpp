#include "engine/data/labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {

void require_labels(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw FileError(path, "not found, but data.labels: true needs it");
}

void read_label_names(const std::string& path, ImageSet& images) {
  std::istringstream lines(read_text_file(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    images.label_names.push_back(line);
  }
  const auto nameless = std::ranges::find_if(
      images.labels, [&](int label) { return static_cast<std::size_t>(label) >= images.label_names.size(); });
  if (nameless != images.labels.end())
    throw ConfigError(fmt::format(
        "{}: {} lines, but image {} of {} has label {}: accepted: a name for each label "
        "from 0 on",
        path, images.label_names.size(), nameless - images.labels.begin(), images.name, *nameless));
}

void require_classes(const ImageSet& images, int classes) {
  if (images.labels.empty())
    throw ConfigError(fmt::format(
        "model.condition.classes: found {}, but the {} images have no classes; data.labels: true reads them",
        classes, images.name));
  const auto is_other = [&](int label) { return label < 0 || label >= classes; };
  const auto other = std::ranges::find_if(images.labels, is_other);
  if (other == images.labels.end()) return;
  const auto image = static_cast<std::size_t>(other - images.labels.begin());
  const std::string name =
      images.files.empty() ? fmt::format("{} image {}", images.name, image) : images.files[image];
  throw ConfigError(
      fmt::format("model.condition.classes: found {}, but {} is of class {} (with {} of such a class); "
                  "accepted: at least {}",
                  classes, name, *other, counted(std::ranges::count_if(images.labels, is_other), "image"),
                  *std::ranges::max_element(images.labels) + 1));
}

std::string note_on_classes_without(const ImageSet& images, int classes) {
  std::vector<bool> has(static_cast<std::size_t>(classes), false);
  for (const int label : images.labels) has[static_cast<std::size_t>(label)] = true;
  constexpr std::size_t kMostNamed = 5;
  const auto without = static_cast<std::size_t>(std::ranges::count(has, false));
  if (without == 0) return {};
  std::vector<std::size_t> named;
  for (std::size_t of_class = 0; of_class < has.size() && named.size() < kMostNamed; ++of_class)
    if (!has[of_class]) named.push_back(of_class);
  return fmt::format("no {} image is of class {}{}: the network does not learn what {} like", images.name,
                     fmt::join(named, ", "), without > named.size() ? " ..." : "",
                     without == 1 ? "it looks" : "they look");
}

}  // namespace pcnn

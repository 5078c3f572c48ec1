#include "engine/data/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

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

}  // namespace pcnn

#include "engine/data/idx_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string_view>

#include "engine/core/error.h"

namespace pcnn {
namespace {

std::string name_of(const std::string& prefix, std::string_view part, IdxContent content, char before_idx) {
  const bool images = content == IdxContent::kImages;
  return fmt::format("{}{}{}-{}{}idx{}-ubyte", prefix, prefix.empty() ? "" : "-", part,
                     images ? "images" : "labels", before_idx, images ? 3 : 1);
}

bool drop_end(std::string_view& name, std::initializer_list<std::string_view> ends) {
  const auto end = std::ranges::find_if(ends, [&](std::string_view text) { return name.ends_with(text); });
  if (end == ends.end()) return false;
  name.remove_suffix(end->size());
  return true;
}

// Of a file of images; none where the name is not of one.
std::optional<std::string> prefix_of(std::string_view name) {
  (void)drop_end(name, {".gz"});
  if (!drop_end(name, {"-images-idx3-ubyte", "-images.idx3-ubyte"}) ||
      !drop_end(name, {"train", "t10k", "test"}))
    return {};
  if (!name.empty() && !drop_end(name, {"-"})) return {};
  return std::string(name);
}

}  // namespace

std::string idx_name(const std::string& prefix, Part part, IdxContent content) {
  return name_of(prefix, part == Part::kTrain ? "train" : "t10k", content, '-');
}

std::optional<std::string> find_idx_file(const std::string& directory, const std::string& prefix, Part part,
                                         IdxContent content) {
  const std::initializer_list<std::string_view> train{"train"}, test{"t10k", "test"};
  for (const std::string_view word : part == Part::kTrain ? train : test)
    for (const char before_idx : {'-', '.'})
      for (const char* packed : {"", ".gz"}) {
        const auto path =
            std::filesystem::path(directory) / (name_of(prefix, word, content, before_idx) + packed);
        // Archives of MNIST may unpack to a folder by the file's name.
        std::error_code error;
        if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error))
          return path.string();
      }
  return {};
}

std::string find_idx_prefix(const std::string& directory) {
  std::set<std::string> prefixes;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (const auto prefix = prefix_of(entry->path().filename().string())) prefixes.insert(*prefix);
  if (prefixes.empty() || prefixes.contains("")) return {};
  if (prefixes.size() > 1)
    throw ConfigError(
        fmt::format("data.prefix: missing: {} holds IDX files of {} data sets, accepted: one of {}",
                    directory, prefixes.size(), fmt::join(prefixes, ", ")));
  return *prefixes.begin();
}

}  // namespace pcnn

#include "engine/run/sample_output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/io/file_ending.h"
#include "engine/io/image_grid.h"
#include "engine/io/leftovers.h"
#include "engine/io/png.h"
#include "engine/run/result_file.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAccepted = "accepted: a name in .png or .npy, or a folder";
constexpr std::size_t kMostNamed = 5;  // files in one message

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string picture_name(std::size_t image) {
  return fmt::format("{:04}.png", image);
}

std::string folder_name(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

OutputKind output_kind(const std::string& path) {
  if (path.empty()) throw ConfigError(fmt::format("--output: empty, {}", kAccepted));
  if (path == "-")
    throw ConfigError(
        fmt::format("--output: '-', but samples are not written to standard output, {}", kAccepted));
  if (path.ends_with('/')) return OutputKind::kFolder;
  if (has_ending(path, ".png")) return OutputKind::kGrid;
  if (has_ending(path, ".npy")) return OutputKind::kArray;
  std::error_code error;
  const std::string ending = fs::path(path).extension().string();
  const bool is_number = !ending.empty() && std::all_of(ending.begin() + 1, ending.end(), is_digit);
  if (ending.empty() || is_number || fs::is_directory(path, error)) return OutputKind::kFolder;
  throw ConfigError(
      fmt::format("--output: {}: no samples are written as {}, {} (a slash at the end makes it one: {}/)",
                  path, ending, kAccepted, path));
}

void check_output(const std::string& path, bool overwrite) {
  std::error_code error;
  if (output_kind(path) != OutputKind::kFolder) {
    check_result_file(path, overwrite);
    return;
  }
  const std::string folder = folder_name(path);
  if (!fs::exists(folder, error)) return;
  remove_leftovers_in(folder);
  if (!fs::is_directory(folder, error))
    throw ConfigError(fmt::format("{}: is a file, {}", folder, kAccepted));
  if (!overwrite && !fs::is_empty(folder, error))
    throw ConfigError(path + ": exists already; choose another name, or --overwrite");
}

FolderRest write_picture_folder(const std::string& path, std::span<const Image8> pictures, int scale) {
  const fs::path folder = folder_name(path);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw FileError(path, "cannot be made: " + error.message());
  std::set<std::string> written;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    write_png(folder / picture_name(i), tile_images(pictures.subspan(i, 1), 1, 0, scale));
    written.insert(picture_name(i));
  }
  FolderRest rest;
  for (std::size_t i = pictures.size(); fs::is_regular_file(folder / picture_name(i), error); ++i) {
    if (!fs::remove(folder / picture_name(i), error)) break;
    ++rest.removed;
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (const std::string name = entry.path().filename(); !written.contains(name)) rest.left.push_back(name);
  std::ranges::sort(rest.left);
  return rest;
}

std::string describe(const FolderRest& rest, const std::string& path) {
  std::string text;
  if (rest.removed > 0)
    text = fmt::format("{} of an earlier call {} removed", counted(rest.removed, "picture"),
                       rest.removed == 1 ? "was" : "were");
  if (!rest.left.empty()) {
    const std::span<const std::string> named =
        std::span(rest.left).first(std::min(rest.left.size(), kMostNamed));
    text += fmt::format("{}{} {} left: {}{}", text.empty() ? "" : "; ",
                        counted(rest.left.size(), "other file"), rest.left.size() == 1 ? "is" : "are",
                        fmt::join(named, ", "), named.size() < rest.left.size() ? " ..." : "");
  }
  return text.empty() ? text : path + ": " + text;
}

}  // namespace pcnn

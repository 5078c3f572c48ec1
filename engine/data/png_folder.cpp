#include "engine/data/png_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <utility>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/data/image_memory.h"
#include "engine/data/natural_order.h"
#include "engine/data/picture.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

std::string in_small_letters(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// What systems leave in folders, which nobody takes for an image.
bool is_clutter(const std::string& name) {
  constexpr std::array<std::string_view, 3> kNames{"thumbs.db", "desktop.ini", "__macosx"};
  return name.starts_with('.') || std::ranges::find(kNames, in_small_letters(name)) != kNames.end();
}

std::string ending_of(const std::string& name) {
  return in_small_letters(fs::path(name).extension().string());
}

// What is not read, by its kind.
class PassedOver {
 public:
  void add_file(const std::string& name) { ++files_[ending_of(name)]; }
  void add_empty() { ++files_["empty .png"]; }
  void add_folder() { ++folders_; }

  // "90 .jpg, 2 without an ending, 1 folder"; empty for nothing.
  [[nodiscard]] std::string kinds() const {
    constexpr std::size_t kMostKinds = 6;
    std::vector<std::pair<std::string, std::size_t>> sorted(files_.begin(), files_.end());
    std::ranges::stable_sort(sorted, std::ranges::greater{}, &std::pair<std::string, std::size_t>::second);
    std::string text;
    std::size_t others = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i >= kMostKinds)
        others += sorted[i].second;
      else
        append(text, fmt::format("{} {}", grouped(sorted[i].second),
                                 sorted[i].first.empty() ? "without an ending" : sorted[i].first));
    }
    if (others > 0) append(text, fmt::format("{} of other kinds", grouped(others)));
    if (folders_ > 0) append(text, counted(folders_, "folder") + " without .png files");
    return text;
  }

  [[nodiscard]] bool has_pictures() const {
    constexpr std::array<std::string_view, 7> kPictures{".jpg",  ".jpeg", ".webp", ".tif",
                                                        ".tiff", ".gif",  ".bmp"};
    return std::ranges::any_of(
        kPictures, [&](std::string_view ending) { return files_.find(std::string(ending)) != files_.end(); });
  }

  // As ImageSet::passed_over; `folder` is where they lie.
  [[nodiscard]] std::string text(const std::string& folder) const {
    const std::string all = kinds();
    if (all.empty()) return {};
    return fmt::format("{}: passed over: {}{}", folder, all, has_pictures() ? kConvert : "");
  }

  static constexpr const char* kConvert =
      " (scripts/images_to_npy.py makes data of a folder of any pictures)";

 private:
  static void append(std::string& text, const std::string& part) {
    text += (text.empty() ? "" : ", ") + part;
  }

  std::map<std::string, std::size_t> files_;  // by ending
  std::size_t folders_ = 0;
};

struct Entries {
  std::vector<std::string> files, folders;  // names, in order
};

// Without clutter.
Entries entries_of(const std::string& folder, std::string_view remedy) {
  Entries entries;
  std::error_code error, ignored;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (is_clutter(name)) continue;
    (entry->is_directory(ignored) ? entries.folders : entries.files).push_back(std::move(name));
  }
  if (error) throw FileError(folder, fmt::format("cannot be read: {}: {}", error.message(), remedy));
  std::ranges::sort(entries.files, comes_before);
  std::ranges::sort(entries.folders, comes_before);
  return entries;
}

bool is_empty_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && fs::file_size(path, error) == 0 && !error;
}

// Collects the .png files of `names`, in `prefix` of `root`.
void take_files(const std::vector<std::string>& names, const std::string& root, const std::string& prefix,
                std::vector<std::string>& files, PassedOver& passed_over) {
  for (const std::string& name : names)
    if (ending_of(name) != ".png")
      passed_over.add_file(name);
    else if (is_empty_file((fs::path(root) / (prefix + name)).string()))
      passed_over.add_empty();
    else
      files.push_back(prefix + name);
}

// Collects the .png files in `prefix` of `root` and below it.
void walk(const std::string& root, const std::string& prefix, std::vector<std::string>& files,
          PassedOver& passed_over) {
  constexpr int kMostNesting = 32;
  const std::string here = (fs::path(root) / prefix).string();
  if (std::ranges::count(prefix, '/') > kMostNesting)
    throw FileError(here, fmt::format("folders nested more than {} deep", kMostNesting));
  const Entries entries = entries_of(here, "class folders must be readable");
  take_files(entries.files, root, prefix, files, passed_over);
  for (const std::string& name : entries.folders) walk(root, prefix + name + "/", files, passed_over);
}

std::string names_text(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i ? ", " : "") + names[i];
  return names.size() > kMost ? text + " ..." : text;
}

// "32x31 RGB". channels: 0 for a palette, see PngHeader.
template <typename Picture>
std::string kind_of(const Picture& picture) {
  const char* const kind = picture.channels == 0 ? "palette" : picture.channels == 3 ? "RGB" : "grey";
  return fmt::format("{}x{} {}", picture.height, picture.width, kind);
}

}  // namespace

PngFolder list_png_folder(const std::string& path, std::string_view remedy) {
  PngFolder folder{.path = path, .files = {}, .labels = {}, .label_names = {}, .passed_over = {}};
  PassedOver passed_over;
  const Entries entries = entries_of(path, remedy);
  take_files(entries.files, path, "", folder.files, passed_over);
  const std::size_t loose = folder.files.size();
  for (const std::string& name : entries.folders) {
    const std::size_t before = folder.files.size();
    walk(path, name + "/", folder.files, passed_over);
    if (folder.files.size() == before) {
      passed_over.add_folder();
      continue;
    }
    folder.labels.resize(folder.files.size(), static_cast<int>(folder.label_names.size()));
    folder.label_names.push_back(name);
  }
  if (folder.files.empty()) {
    const std::string others = passed_over.kinds();
    throw FileError(path, fmt::format("holds no .png file{}: {}", others.empty() ? "" : ", but " + others,
                                      passed_over.has_pictures()
                                          ? "scripts/images_to_npy.py makes data of a folder of any pictures"
                                          : remedy));
  }
  if (loose > 0 && !folder.label_names.empty())
    throw ConfigError(
        fmt::format("{}: holds {} beside {} of them ({}), accepted: files alone, or a folder for each class",
                    path, counted(loose, ".png file"), counted(folder.label_names.size(), "folder"),
                    names_text(folder.label_names)));
  folder.passed_over = passed_over.text(path);
  return folder;
}

ImageSet read_png_folder(const PngFolder& folder, int channels) {
  ImageSet images{.name = folder.path,
                  .files = folder.files,
                  .labels = folder.labels,
                  .label_names = folder.label_names,
                  .passed_over = folder.passed_over};
  std::string first_kind;
  for (const std::string& file : folder.files) {
    const std::string path = (fs::path(folder.path) / file).string();
    const auto refuse_other = [&](const std::string& kind) {
      throw ConfigError(
          fmt::format("{}: {}, but the first, {}, is {} (scripts/images_to_npy.py makes data of "
                      "pictures of many sizes and kinds)",
                      path, kind, folder.files.front(), first_kind));
    };
    const Image8 image = read_picture(path, channels, [&](const PngHeader& header) {
      const bool same =
          std::cmp_equal(header.width, images.width) && std::cmp_equal(header.height, images.height);
      if (images.count > 0 && !same) refuse_other(kind_of(header));
    });
    if (images.count == 0) {
      first_kind = kind_of(image);
      images.channels = image.channels;
      images.height = image.height;
      images.width = image.width;
      if (!is_image_shape(folder.files.size(), static_cast<std::uint64_t>(image.channels),
                          static_cast<std::uint64_t>(image.height), static_cast<std::uint64_t>(image.width)))
        throw ConfigError(fmt::format("{}: {} images of {}, accepted: {}", folder.path, folder.files.size(),
                                      first_kind, kAcceptedImageShape));
      require_memory_for_images(folder.path, static_cast<std::int64_t>(folder.files.size()), images.channels,
                                images.height, images.width);
      images.pixels.reserve(folder.files.size() * images.image_size());
    } else if (kind_of(image) != first_kind) {
      refuse_other(kind_of(image));
    }
    append_planes(image, images.pixels);
    ++images.count;
  }
  images.ids = ids_in_order(images.count);
  return images;
}

ImageSet read_pictures(const std::string& path, int channels) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return image_set_of(path, read_picture(path, channels));
  return read_png_folder(list_png_folder(path, "it must hold .png files, or a folder of them for each class"),
                         channels);
}

std::string passed_over_beside(const std::string& path, const std::vector<std::string>& names) {
  const Entries entries = entries_of(path, "");
  PassedOver files;
  std::vector<std::string> folders;
  for (const std::string& name : entries.files) files.add_file(name);
  for (const std::string& name : entries.folders)
    if (std::ranges::find(names, name) == names.end()) folders.push_back(name);
  std::string text = files.text(path);
  if (!folders.empty())
    text += fmt::format("{}{} {}", text.empty() ? path + ": passed over: " : ", ",
                        folders.size() == 1 ? "folder" : "folders", names_text(folders));
  return text;
}

}  // namespace pcnn

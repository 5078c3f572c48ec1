#include "engine/data/png_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/io/png.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

bool is_png(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension == ".png";
}

// Sorted, never empty.
std::vector<std::string> png_names(const std::string& folder) {
  constexpr const char* kRemedy = "data.directory must hold folders train and test of .png files";
  std::vector<std::string> names;
  std::error_code error, ignored;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (is_png(entry->path()) && !entry->is_directory(ignored))
      names.push_back(entry->path().filename().string());
  if (error) throw FileError(folder, fmt::format("cannot be read: {}: {}", error.message(), kRemedy));
  if (names.empty()) throw FileError(folder, fmt::format("holds no .png file: {}", kRemedy));
  std::ranges::sort(names);
  return names;
}

std::string path_of(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

std::string kind_of(const Image8& image) {
  return fmt::format("{}x{} {}", image.height, image.width, image.channels == 3 ? "RGB" : "grey");
}

}  // namespace

void append_planes(const Image8& image, std::vector<std::uint16_t>& pixels) {
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t channel = 0; channel < channels; ++channel)
    for (std::size_t i = channel; i < image.pixels.size(); i += channels) pixels.push_back(image.pixels[i]);
}

std::string PngSource::title() const {
  return "PNG files in " + directory_ + ",";
}

std::uint64_t PngSource::shape_at() const {
  return 16;  // IHDR
}

std::string PngSource::folder(Part part) const {
  return path_of(directory_, part == Part::kTrain ? "train" : "test");
}

ImageSet PngSource::read(Part part) const {
  const std::string folder = this->folder(part);
  const std::vector<std::string> names = png_names(folder);
  ImageSet images{.name = folder};
  std::string first_kind;
  for (const std::string& name : names) {
    const std::string path = path_of(folder, name);
    const Image8 image = read_png_as_stored(path);
    if (images.count == 0) {
      first_kind = kind_of(image);
      images.channels = image.channels;
      images.height = image.height;
      images.width = image.width;
      if (!is_image_shape(names.size(), static_cast<std::uint64_t>(image.channels),
                          static_cast<std::uint64_t>(image.height), static_cast<std::uint64_t>(image.width)))
        throw ConfigError(fmt::format("{}: {} images of {}, accepted: {}", folder, names.size(), first_kind,
                                      kAcceptedImageShape));
      images.pixels.reserve(names.size() * images.image_size());
    } else if (kind_of(image) != first_kind) {
      throw ConfigError(
          fmt::format("{}: {}, but the first, {}, is {}", path, kind_of(image), names.front(), first_kind));
    }
    append_planes(image, images.pixels);
    ++images.count;
  }
  images.ids = ids_in_order(images.count);
  return images;
}

Shape PngSource::shape() const {
  const std::string folder = this->folder(Part::kTest);
  const Image8 first = read_png_as_stored(path_of(folder, png_names(folder).front()));
  return {1, first.channels, first.height, first.width};
}

}  // namespace pcnn

#include "engine/io/png.h"

#include <png.h>

#include <memory>
#include <span>

#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

// libpng's simplified interface: no longjmp past C++ objects.
struct PngImage : png_image {
  PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(this); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
};

constexpr std::size_t kMostBytes = std::size_t{1} << 31;

}  // namespace

void write_png(const std::string& path, const Image8& image) {
  PngImage png;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  if (!png_image_write_get_memory_size(png, size, 0, image.pixels.data(), 0, nullptr))
    throw FileError(path, std::string("cannot be encoded as PNG: ") + png.message);
  std::vector<std::byte> bytes(size);
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr))
    throw FileError(path, std::string("cannot be encoded as PNG: ") + png.message);
  write_file_atomic(path, std::span(bytes).first(size));
}

Image8 read_png(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  PngImage png;
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()))
    throw FormatError(path, 0, std::string("not a PNG that can be read: ") + png.message);
  const bool colour = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  if (PNG_IMAGE_SIZE(png) > kMostBytes) throw FormatError(path, 16, "a picture above 2 GiB");
  Image8 image{.width = static_cast<int>(png.width),
               .height = static_cast<int>(png.height),
               .channels = colour ? 3 : 1,
               .pixels = std::vector<std::uint8_t>(PNG_IMAGE_SIZE(png))};
  const png_color black{};
  if (!png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr))
    throw FormatError(path, 0, std::string("a damaged PNG: ") + png.message);
  return image;
}

}  // namespace pcnn

#include "engine/io/png.h"

#include <fmt/format.h>
#include <png.h>

#include <span>
#include <stdexcept>

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

void require_writable(const Image8& image) {
  if (image.width < 1 || image.height < 1 || (image.channels != 1 && image.channels != 3) ||
      image.pixels.size() != image.offset(image.height, 0))
    throw std::invalid_argument(fmt::format("write_png: {} values for {} x {} pixels of {} channels",
                                            image.pixels.size(), image.width, image.height, image.channels));
}

}  // namespace

void write_png(const std::string& path, const Image8& image) {
  require_writable(image);
  PngImage png;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<std::byte> bytes(size);
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr))
    throw FileError(path, std::string("cannot be encoded as PNG: ") + png.message);
  write_file_atomic(path, std::span(bytes).first(size));
}

}  // namespace pcnn

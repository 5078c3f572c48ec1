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

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

// deflate makes at most 1032 bytes of one, and a 1-bit palette index becomes 24 bits. A file that claims more
// is refused before memory is taken for it.
constexpr std::uint64_t kMostBytesPerFileByte = std::uint64_t{1032} * 24;

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

Image8 read_png(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  PngImage png;
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()))
    throw FormatError(path, 0, std::string("not a PNG that can be read: ") + png.message);
  const bool colour = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // or 16 bits without a gamma would be taken for linear light

  // Not PNG_IMAGE_SIZE, which multiplies in 32 bits.
  const std::uint64_t size = std::uint64_t{png.width} * png.height * (colour ? 3U : 1U);
  if (size > kMostBytes || size > bytes.size() * kMostBytesPerFileByte)
    throw FormatError(
        path, 16,
        fmt::format("{} x {} pixels, which {}", png.width, png.height,
                    size > kMostBytes ? "take more than 2 GiB" : "so short a file cannot hold"));
  Image8 image{.width = static_cast<int>(png.width),
               .height = static_cast<int>(png.height),
               .channels = colour ? 3 : 1,
               .pixels = std::vector<std::uint8_t>(size)};
  const png_color black{};
  if (!png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr))
    throw FormatError(path, 0, std::string("a damaged PNG: ") + png.message);
  return image;
}

}  // namespace pcnn

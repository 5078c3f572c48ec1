#include "engine/io/png.h"

#include <fmt/format.h>
#include <png.h>

#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string_view>

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

namespace {

std::uint32_t big_endian(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8 | static_cast<std::uint32_t>(bytes[i]);
  return number;
}

// What of the file would change its values on the way, by its header and the chunks before the pixels; "" for
// nothing. Chunks are a length, four letters, the data and a checksum.
std::string what_changes_values(std::span<const std::byte> bytes) {
  constexpr std::size_t kDepthAt = 24, kColourTypeAt = 25, kFirstChunk = 8;
  if (bytes.size() <= kColourTypeAt) return "";  // no PNG at all: libpng says so
  const auto depth = static_cast<int>(bytes[kDepthAt]), type = static_cast<int>(bytes[kColourTypeAt]);
  if (depth != 8) return fmt::format("{} bits a value", depth);
  if (type == 3) return "a palette";
  if (type == 4 || type == 6) return "transparency";
  bool srgb = false;
  std::string gamma;
  for (std::size_t at = kFirstChunk; at + 12 <= bytes.size();) {
    const std::size_t length = big_endian(bytes, at);
    const std::string_view name(reinterpret_cast<const char*>(bytes.data()) + at + 4, 4);
    if (name == "IDAT" || length > bytes.size() - at - 12) break;
    if (name == "tRNS") return "transparency";
    srgb = srgb || name == "sRGB";
    constexpr std::int64_t kSrgbGamma = 45455,
                           kNear = 2300;  // libpng leaves values alone within five per cent
    if (name == "gAMA" && length == 4)
      if (const std::int64_t stored = big_endian(bytes, at + 8); std::abs(stored - kSrgbGamma) > kNear)
        gamma = fmt::format("a gamma of {}", static_cast<double>(stored) / 100000.0);
    at += 12 + length;
  }
  return srgb ? "" : gamma;
}

Image8 decode_png(const std::string& path, std::span<const std::byte> bytes) {
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

}  // namespace

Image8 read_png(const std::string& path) {
  return decode_png(path, read_file(path));
}

Image8 read_png_as_stored(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  if (const std::string what = what_changes_values(bytes); !what.empty())
    throw FormatError(path, 24, "found " + what + ", accepted: 8-bit grey or RGB without transparency");
  return decode_png(path, bytes);
}

}  // namespace pcnn

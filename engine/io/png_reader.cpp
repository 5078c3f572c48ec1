// Reading of PNG files by libpng's full interface, which hands on the values as stored; the simplified one
// bends them by the file's gamma.

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "engine/core/shell_word.h"
#include "engine/io/file.h"
#include "engine/io/png.h"
#include "engine/io/signature.h"

namespace pcnn {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

// deflate makes at most 1032 bytes of one, and a 1-bit palette index becomes 24 bits. A file that claims more
// is refused before memory is taken for it.
constexpr std::uint64_t kMostBytesPerFileByte = std::uint64_t{1032} * 24;

constexpr std::uint64_t kSizeAt = 16, kDepthAt = 24, kColourTypeAt = 25;  // in IHDR, the first chunk

// What libpng reads from, and what it said last. Plain data: libpng's errors jump past destructors.
struct Input {
  const png_byte* next = nullptr;
  std::size_t left = 0;
  std::array<char, 120> error{};
  std::array<char, 120> lost_transparency{};  // a warning about the tRNS chunk, which libpng then ignores
};

void copy_text(std::array<char, 120>& to, const char* text) {
  std::snprintf(to.data(), to.size(), "%s", text);
}

extern "C" {

void pcnn_png_read(png_structp png, png_bytep to, std::size_t size) {
  Input& input = *static_cast<Input*>(png_get_io_ptr(png));
  if (size > input.left) png_error(png, "the file ends too soon");
  std::memcpy(to, input.next, size);
  input.next += size;
  input.left -= size;
}

[[noreturn]] void pcnn_png_error(png_structp png, png_const_charp message) {
  copy_text(static_cast<Input*>(png_get_error_ptr(png))->error, message);
  png_longjmp(png, 1);
}

void pcnn_png_warning(png_structp png, png_const_charp message) {
  if (std::strncmp(message, "tRNS", 4) == 0)
    copy_text(static_cast<Input*>(png_get_error_ptr(png))->lost_transparency, message);
}

}  // extern "C"

// One value of a byte, whatever its bits.
int samples_of(int colour_type) {
  switch (colour_type) {
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return 2;
    case PNG_COLOR_TYPE_RGB:
      return 3;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return 4;
    default:
      return 1;
  }
}

// Reads one file from memory. Functions that call libpng return false where it met an error, which error()
// then tells; no object with a destructor lives in them.
class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> bytes) {
    input_.next = reinterpret_cast<const png_byte*>(bytes.data());
    input_.left = bytes.size();
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input_, pcnn_png_error, pcnn_png_warning);
    if (png_) info_ = png_create_info_struct(png_);
    if (info_) png_set_read_fn(png_, &input_, pcnn_png_read);
  }
  ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  [[nodiscard]] bool read_header() {
    if (!info_) return false;
    if (setjmp(png_jmpbuf(png_))) return false;
    // None of these changes a value, and text of gigabytes may be packed in few bytes.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_read_info(png_, info_);
    png_set_packing(png_);
    return true;
  }

  // rows: one per row of the picture, with room for a byte per sample.
  [[nodiscard]] bool read_rows(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return input_.lost_transparency[0] == '\0';
  }

  [[nodiscard]] std::string_view error() const {
    if (!info_) return "no memory";
    return input_.error[0] ? input_.error.data() : input_.lost_transparency.data();
  }

  [[nodiscard]] std::uint32_t width() const { return png_get_image_width(png_, info_); }
  [[nodiscard]] std::uint32_t height() const { return png_get_image_height(png_, info_); }
  [[nodiscard]] int depth() const { return png_get_bit_depth(png_, info_); }
  [[nodiscard]] int colour_type() const { return png_get_color_type(png_, info_); }

  [[nodiscard]] std::span<const png_color> palette() const {
    png_colorp colours = nullptr;
    int count = 0;
    if (!png_get_PLTE(png_, info_, &colours, &count)) return {};
    return {colours, static_cast<std::size_t>(count)};
  }

  // Of palettes: the alpha of their first colours. Of others: the one colour that is transparent, if any.
  struct Transparency {
    std::span<const png_byte> alphas;
    const png_color_16* colour = nullptr;
  };
  [[nodiscard]] Transparency transparency() const {
    png_bytep alphas = nullptr;
    png_color_16p colour = nullptr;
    int count = 0;
    if (!png_get_tRNS(png_, info_, &alphas, &count, &colour)) return {};
    if (colour_type() != PNG_COLOR_TYPE_PALETTE) return {{}, colour};
    return {{alphas, static_cast<std::size_t>(count)}, nullptr};
  }

 private:
  Input input_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

// What of a picture cannot be kept, and the options of ImageMagick that give it up.
std::string conversion(const std::string& path, std::string_view options) {
  const std::filesystem::path file(path);
  const std::string converted = (file.parent_path() / (file.stem().string() + "-8bit.png")).string();
  return fmt::format(
      "convert it: convert {}{} {}; or a whole folder of pictures with scripts/images_to_npy.py",
      shell_word(path), options, shell_word(converted));
}

// See PngHeader.
int channels_of(int colour_type) {
  if (colour_type == PNG_COLOR_TYPE_PALETTE) return 0;
  return (colour_type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
}

// The samples of a picture, a byte each.
struct Samples {
  std::uint32_t width, height;
  int per_pixel;
  std::vector<png_byte> values;  // [row][column][sample]

  [[nodiscard]] std::size_t pixels() const { return std::size_t{width} * height; }
  [[nodiscard]] std::span<const png_byte> pixel(std::size_t at) const {
    const auto size = static_cast<std::size_t>(per_pixel);
    return std::span(values).subspan(at * size, size);
  }
};

// "the pixel at row 3, column 0".
std::string place_of(const Samples& samples, std::size_t pixel) {
  return fmt::format("the pixel at row {}, column {}", pixel / samples.width, pixel % samples.width);
}

[[noreturn]] void refuse_transparency(const std::string& path, const Samples& samples, std::size_t pixel) {
  throw FormatError(
      path, kColourTypeAt,
      fmt::format("found transparency, accepted: opaque pixels ({} is not); {}", place_of(samples, pixel),
                  conversion(path, " -background white -alpha remove -alpha off")));
}

Samples read_samples(const std::string& path, std::span<const std::byte> bytes, Decoder& decoder) {
  Samples samples{decoder.width(), decoder.height(), samples_of(decoder.colour_type()), {}};
  // RGB is the most that comes out of a palette.
  const std::uint64_t size =
      std::uint64_t{samples.width} * samples.height *
      (decoder.colour_type() == PNG_COLOR_TYPE_PALETTE ? 3U : static_cast<unsigned>(samples.per_pixel));
  if (size > kMostBytes || size > bytes.size() * kMostBytesPerFileByte)
    throw FormatError(
        path, kSizeAt,
        fmt::format("{} x {} pixels, which {}", samples.width, samples.height,
                    size > kMostBytes ? "take more than 2 GiB" : "so short a file cannot hold"));
  // The samples, and the picture that is made of them.
  require_memory(2.0 * static_cast<double>(size),
                 fmt::format("{}: {} x {} pixels take", path, samples.width, samples.height));
  const std::size_t row_size = std::size_t{samples.width} * static_cast<std::size_t>(samples.per_pixel);
  samples.values.resize(row_size * samples.height);
  std::vector<png_bytep> rows(samples.height);
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row] = samples.values.data() + row * row_size;
  if (!decoder.read_rows(rows.data()))
    throw FormatError(path, 0, fmt::format("a damaged PNG: {}", decoder.error()));
  return samples;
}

Image8 without_pixels(const Samples& samples, int channels) {
  return {.width = static_cast<int>(samples.width),
          .height = static_cast<int>(samples.height),
          .channels = channels,
          .pixels = {}};
}

// Grey and RGB, maybe with an alpha channel, which must be opaque everywhere.
Image8 resolve_direct(const std::string& path, const Decoder& decoder, Samples samples) {
  const int type = decoder.colour_type();
  const bool has_alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
  const png_color_16* const clear = decoder.transparency().colour;
  const auto channels = static_cast<std::size_t>(samples.per_pixel) - (has_alpha ? 1 : 0);
  const auto is_clear = [&](std::span<const png_byte> pixel) {
    if (has_alpha) return pixel.back() != 255;
    if (!clear) return false;
    return channels == 1 ? pixel[0] == clear->gray
                         : pixel[0] == clear->red && pixel[1] == clear->green && pixel[2] == clear->blue;
  };
  if (has_alpha || clear)
    for (std::size_t i = 0; i < samples.pixels(); ++i)
      if (is_clear(samples.pixel(i))) refuse_transparency(path, samples, i);

  Image8 image = without_pixels(samples, static_cast<int>(channels));
  if (has_alpha) {
    image.pixels.reserve(samples.pixels() * channels);
    for (std::size_t i = 0; i < samples.pixels(); ++i)
      for (const png_byte value : samples.pixel(i).first(channels)) image.pixels.push_back(value);
  } else {
    image.pixels = std::move(samples.values);
  }
  if (const int stretch = 255 / ((1 << decoder.depth()) - 1); stretch > 1)  // 2, 4 and 16 values divide 255
    for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(value * stretch);
  return image;
}

Image8 resolve_palette(const std::string& path, const Decoder& decoder, const Samples& samples) {
  const std::span<const png_color> palette = decoder.palette();
  const std::span<const png_byte> alphas = decoder.transparency().alphas;
  bool is_grey = true;
  for (std::size_t i = 0; i < samples.pixels(); ++i) {
    const std::size_t index = samples.values[i];
    if (index >= palette.size())
      throw FormatError(path, 0,
                        fmt::format("a damaged PNG: {} is colour {} of a palette of {}", place_of(samples, i),
                                    index, palette.size()));
    if (index < alphas.size() && alphas[index] != 255) refuse_transparency(path, samples, i);
    const png_color& colour = palette[index];
    is_grey = is_grey && colour.red == colour.green && colour.red == colour.blue;
  }
  Image8 image = without_pixels(samples, is_grey ? 1 : 3);
  image.pixels.reserve(samples.pixels() * static_cast<std::size_t>(image.channels));
  for (const png_byte index : samples.values) {
    const png_color& colour = palette[index];
    image.pixels.push_back(colour.red);
    if (is_grey) continue;
    image.pixels.push_back(colour.green);
    image.pixels.push_back(colour.blue);
  }
  return image;
}

}  // namespace

Image8 read_png(const std::string& path, const AcceptHeader& accept) {
  const std::vector<std::byte> bytes = read_file(path);
  if (const std::string_view format = format_of(bytes); format != "PNG") {
    const bool picture = is_picture_format(format);
    throw FormatError(path, 0,
                      fmt::format("found {}, accepted: a PNG{}", found_instead(bytes, "PNG"),
                                  picture ? "; " + conversion(path, "") : ""));
  }
  Decoder decoder(bytes);
  if (!decoder.read_header()) throw FormatError(path, 0, fmt::format("a damaged PNG: {}", decoder.error()));
  if (decoder.depth() == 16)
    throw FormatError(path, kDepthAt,
                      "found 16 bits a value, accepted: 8 or fewer; " + conversion(path, " -depth 8"));
  if (accept) accept({decoder.width(), decoder.height(), channels_of(decoder.colour_type())});
  Samples samples = read_samples(path, bytes, decoder);
  if (decoder.colour_type() == PNG_COLOR_TYPE_PALETTE) return resolve_palette(path, decoder, samples);
  return resolve_direct(path, decoder, std::move(samples));
}

}  // namespace pcnn

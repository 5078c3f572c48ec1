#include "engine/data/idx.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>

#include "engine/core/error.h"
#include "engine/core/regular_file.h"
#include "engine/data/image_memory.h"
#include "engine/io/signature.h"

namespace pcnn {
namespace {

constexpr std::size_t kHeaderBytes = 16;
constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 31) - 1;  // also keeps every count inside an int
constexpr std::uint32_t kMostSide = 1 << 14;
// Room for the bytes of a file, beside that for the values.
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

// Reads a plain or gzip-compressed file in order; gzread passes plain bytes through.
class ByteReader {
 public:
  explicit ByteReader(std::string path) : path_(std::move(path)) {
    require_regular_file(path_);
    errno = 0;
    file_.reset(gzopen(path_.c_str(), "rb"));
    if (!file_) throw FileError(path_, std::string("cannot be read: ") + std::strerror(errno));
  }

  // As many bytes as there are, up to `size`.
  std::size_t read(std::uint8_t* dst, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
      const auto chunk = static_cast<unsigned>(std::min<std::size_t>(size - done, 1u << 30));
      const int got = gzread(file_.get(), dst + done, chunk);
      int status = Z_OK;
      const char* message = gzerror(file_.get(), &status);
      // A gzip stream cut short is reported beside the bytes it still gave.
      if (got < 0 || status == Z_BUF_ERROR)
        throw FormatError(path_, position_ + done, fmt::format("its gzip stream is damaged ({})", message));
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    position_ += done;
    return done;
  }

  // Whether the file may hold so many bytes: as they are, or at the most that deflate packs.
  [[nodiscard]] bool may_hold(std::uint64_t bytes) const {
    constexpr std::uint64_t kMostPacking = 1032;
    const std::uint64_t file_bytes = std::filesystem::file_size(path_);
    return bytes <= (gzdirect(file_.get()) ? file_bytes : file_bytes * kMostPacking);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };
  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::uint64_t position_ = 0;
};

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

// The extents of a file of so many dimensions: 3 of images, 1 of labels.
std::array<std::uint32_t, 3> read_extents(ByteReader& reader, std::uint8_t dims) {
  const std::uint8_t magic[4] = {0, 0, 8, dims};
  std::uint8_t header[kHeaderBytes] = {};
  const std::size_t size = 4 + std::size_t{4} * dims, got = reader.read(header, size);
  if (got == 0 || !std::equal(magic, magic + std::min<std::size_t>(got, 4), header)) {
    const char* wanted = dims == 3 ? "IDX image" : "IDX label";
    throw FormatError(reader.path(), 0,
                      fmt::format("found {}{}, accepted: an {} file of bytes (magic 0x{:08x})",
                                  found_instead(std::as_bytes(std::span(header, got)), wanted),
                                  got < 4 ? "" : fmt::format(" (magic 0x{:08x})", big_endian(header)), wanted,
                                  big_endian(magic)));
  }
  if (got < size) throw FormatError(reader.path(), got, "ends inside the IDX header");
  return {big_endian(header + 4), big_endian(header + 8), big_endian(header + 12)};
}

Shape read_header(ByteReader& reader) {
  const auto [count, height, width] = read_extents(reader, 3);
  if (count == 0 || height == 0 || width == 0 || height > kMostSide || width > kMostSide ||
      std::uint64_t{count} * height > kMostBytes / width)
    throw FormatError(reader.path(), 4,
                      fmt::format("found {} images of {}x{}, accepted: at least one, less than 2 GiB in all",
                                  count, height, width));
  return {static_cast<int>(count), 1, static_cast<int>(height), static_cast<int>(width)};
}

std::vector<std::uint16_t> read_pixels(ByteReader& reader, const Shape& shape) {
  const auto refuse_end = [&](std::size_t at) {
    throw FormatError(
        reader.path(), at,
        fmt::format("ends early: its header promises {} images of {}x{}", shape.n, shape.h, shape.w));
  };
  if (!reader.may_hold(kHeaderBytes + shape.size())) refuse_end(std::filesystem::file_size(reader.path()));
  std::vector<std::uint16_t> pixels;
  pixels.reserve(shape.size());
  std::vector<std::uint8_t> bytes;
  while (pixels.size() < shape.size()) {
    bytes.resize(std::min(shape.size() - pixels.size(), kReadBytes));
    const std::size_t got = reader.read(bytes.data(), bytes.size());
    if (got < bytes.size()) refuse_end(kHeaderBytes + pixels.size() + got);
    pixels.insert(pixels.end(), bytes.begin(), bytes.end());
  }
  // At the end of a gzip stream this read also checks its sum.
  if (std::uint8_t extra; reader.read(&extra, 1) != 0)
    throw FormatError(reader.path(), kHeaderBytes + pixels.size(), "goes on after its last image");
  return pixels;
}

}  // namespace

ImageSet read_idx_images(const std::string& path) {
  ByteReader reader(path);
  const Shape shape = read_header(reader);
  ImageSet images{
      .name = reader.path(), .count = shape.n, .channels = shape.c, .height = shape.h, .width = shape.w};
  require_memory_for_images(path, shape.n, shape.c, shape.h, shape.w);
  images.pixels = read_pixels(reader, shape);
  images.ids = ids_in_order(shape.n);
  return images;
}

std::vector<int> read_idx_labels(const std::string& path, int images) {
  ByteReader reader(path);
  const std::uint32_t count = read_extents(reader, 1)[0];
  if (count != static_cast<std::uint32_t>(images))
    throw FormatError(path, 4,
                      fmt::format("found {} labels, accepted: {}, one for each image", count, images));
  std::vector<std::uint8_t> labels(count);
  if (const std::size_t got = reader.read(labels.data(), labels.size()); got < labels.size())
    throw FormatError(path, 8 + got, fmt::format("ends early: its header promises {} labels", count));
  if (std::uint8_t extra; reader.read(&extra, 1) != 0)
    throw FormatError(path, 8 + labels.size(), "goes on after its last label");
  return {labels.begin(), labels.end()};
}

Shape read_idx_shape(const std::string& path) {
  ByteReader reader(path);
  return read_header(reader);
}

}  // namespace pcnn

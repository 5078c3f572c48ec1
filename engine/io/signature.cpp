#include "engine/io/signature.h"

#include <algorithm>
#include <array>

namespace pcnn {
namespace {

struct Signature {
  std::string_view bytes;
  std::string_view name;
  std::size_t offset = 0;
};

using namespace std::string_view_literals;

// The longer ones before those they begin with.
constexpr std::array kSignatures{
    Signature{"\x89PNG\r\n\x1a\n"sv, "PNG"},
    Signature{"\xff\xd8\xff"sv, "JPEG"},
    Signature{"GIF8"sv, "GIF"},
    Signature{"WEBP"sv, "WebP", 8},
    Signature{"RIFF"sv, "RIFF"},
    Signature{"II*\0"sv, "TIFF"},
    Signature{"MM\0*"sv, "TIFF"},
    Signature{"BM"sv, "BMP"},
    Signature{"\x93NUMPY"sv, "npy"},
    Signature{"PK\x03\x04"sv, "zip (.npz)"},
    Signature{"\x1f\x8b"sv, "gzip"},
    Signature{"\x89HDF\r\n\x1a\n"sv, "HDF5"},
    Signature{"%PDF"sv, "PDF"},
    Signature{"\0\0\x08\x01"sv, "IDX label"},
    Signature{"\0\0\x08\x03"sv, "IDX image"},
};

bool has(std::span<const std::byte> start, const Signature& signature) {
  return start.size() >= signature.offset + signature.bytes.size() &&
         std::equal(signature.bytes.begin(), signature.bytes.end(),
                    start.begin() + static_cast<std::ptrdiff_t>(signature.offset),
                    [](char expected, std::byte found) { return std::byte(expected) == found; });
}

}  // namespace

std::string_view format_of(std::span<const std::byte> start) {
  const auto found =
      std::ranges::find_if(kSignatures, [&](const Signature& signature) { return has(start, signature); });
  return found == kSignatures.end() ? std::string_view{} : found->name;
}

bool is_picture_format(std::string_view format) {
  constexpr std::array kPictures{"PNG"sv, "JPEG"sv, "GIF"sv, "WebP"sv, "TIFF"sv, "BMP"sv};
  return std::ranges::find(kPictures, format) != kPictures.end();
}

std::string found_instead(std::span<const std::byte> start, std::string_view wanted) {
  if (start.empty()) return "an empty file";
  const std::string_view format = format_of(start);
  if (format.empty() || format == wanted) return "no " + std::string(wanted) + " file";
  const bool vowel = format.starts_with("IDX") || format.starts_with("HDF");
  return (vowel ? "an " : "a ") + std::string(format) + " file";
}

}  // namespace pcnn

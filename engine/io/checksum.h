#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pcnn {

// CRC-32 (ISO 3309, as in gzip and PNG) of bytes that come in pieces: tells any one flipped byte, and all but
// one in four billion other damages.
class Crc32 {
 public:
  void add(std::span<const std::byte> bytes);
  // The text and its length, so that neighbours cannot trade letters.
  void add_text(std::string_view text);
  [[nodiscard]] std::uint32_t value() const { return value_; }
  // "crc32:0a1b2c3d"
  [[nodiscard]] std::string text() const;

 private:
  std::uint32_t value_ = 0;
};

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as in records of TensorBoard.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes);

}  // namespace pcnn

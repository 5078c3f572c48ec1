#include "engine/io/checksum.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

namespace pcnn {

void Crc32::add(std::span<const std::byte> bytes) {
  value_ =
      static_cast<std::uint32_t>(crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void Crc32::add_text(std::string_view text) {
  const std::uint64_t length = text.size();
  add(std::as_bytes(std::span(&length, 1)));
  add(std::as_bytes(std::span(text)));
}

std::string Crc32::text() const {
  return fmt::format("crc32:{:08x}", value_);
}

namespace {

// The remainder of every byte, least significant bit first.
constexpr std::array<std::uint32_t, 256> castagnoli_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1u) ? 0x82f63b78u : 0u);
    table[byte] = remainder;
  }
  return table;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = castagnoli_table();
  std::uint32_t sum = ~0u;
  for (const std::byte byte : bytes)
    sum = (sum >> 8) ^ kTable[(sum ^ static_cast<std::uint32_t>(byte)) & 255u];
  return ~sum;
}

}  // namespace pcnn

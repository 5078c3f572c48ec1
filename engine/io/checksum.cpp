#include "engine/io/checksum.h"

#include <fmt/format.h>
#include <zlib.h>

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

}  // namespace pcnn

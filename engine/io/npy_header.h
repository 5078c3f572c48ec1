#pragma once

// What stands before the values of an .npy file; npy.h describes the format.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pcnn {

// 'b' bool, 'u' and 'i' integers, 'f' IEEE 754 floats.
struct NpyDtype {
  char kind = 'u';
  int byte_size = 1;  // b: 1; u and i: 1, 2, 4, 8; f: 2, 4, 8
  bool big_endian = false;
};

struct NpyHeader {
  NpyDtype dtype;
  bool fortran_order = false;  // first index fastest
  std::vector<std::int64_t> shape;
  std::size_t data_at = 0;  // the values' first byte
};

// Product of the extents; nothing where one is negative or the bytes of the array do not fit an int64_t. A
// zero does not excuse the others: (0, 2^62, 2^62) is refused, as NumPy refuses it.
[[nodiscard]] std::optional<std::size_t> npy_value_count(std::span<const std::int64_t> shape, int byte_size);

// As Python writes it: (), (3,), (3, 4).
[[nodiscard]] std::string npy_tuple_text(std::span<const std::int64_t> tuple);
// The same, cut short where it would make a message long.
[[nodiscard]] std::string npy_tuple_shown(std::span<const std::int64_t> tuple);

// The bytes NumPy 2 writes, from magic to padding. `descr`: "<f4".
[[nodiscard]] std::string npy_header_bytes(const std::string& descr, std::span<const std::int64_t> shape);

// start: the file, or as many of its first bytes as hold the header. What comes back is consistent with
// file_bytes, the size of the whole. Throws FormatError.
[[nodiscard]] NpyHeader parse_npy_header(const std::string& path, std::span<const std::byte> start,
                                         std::size_t file_bytes);

}  // namespace pcnn

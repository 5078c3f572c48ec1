#pragma once

// The NumPy .npy format (numpy/lib/format.py):
//
//   byte 0  93 'N' 'U' 'M' 'P' 'Y'
//   byte 6  version: 01 00, 02 00 or 03 00
//   byte 8  length N of the header, little-endian: u16 in version 1.0, else u32
//   then    N bytes, a Python literal, Latin-1 (3.0: UTF-8), padded with spaces and ended by \n so that the
//           data is aligned to 64 bytes: {'descr': '<u2', 'fortran_order': False, 'shape': (60000, 28, 28), }
//   then    the values to the end of the file, last index fastest; first index where fortran_order is True
//
// descr is byte order (< little, > big, = the reader's own, | of single bytes), kind (b bool, u and i
// integers, f floats) and bytes per value. NumPy pickles objects behind the same header; those are refused.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/io/npy_header.h"

namespace pcnn {

// Atomic, the bytes NumPy 2 writes for a C array: version 1.0 (2.0 where the header needs more than 65535
// bytes), |u1, <u2 or <f4. An empty shape is a scalar of one value. Throws FileError; std::invalid_argument
// where the shape does not fit the values.
void write_npy(const std::string& path, const std::vector<std::int64_t>& shape,
               std::span<const std::uint8_t> values);
void write_npy(const std::string& path, const std::vector<std::int64_t>& shape,
               std::span<const std::uint16_t> values);
void write_npy(const std::string& path, const std::vector<std::int64_t>& shape,
               std::span<const float> values);

// What numbers stand for levels, and how a message says so.
struct NpyLevels {
  int most = 65535;      // levels 0 to this one
  double scale = 1.0;    // floats are multiplied by it; 1: floats must be whole numbers
  std::string accepted;  // "0 to 255, 8-bit pixels"
};

// A file that was read: its bytes as they lay there, known to fit its shape. Values are converted when asked
// for, to the type the caller works in, so an array takes its file's size and never a wider type's. Immutable
// and safe to share.
class NpyArray {
 public:
  [[nodiscard]] const std::vector<std::int64_t>& shape() const { return header_.shape; }  // empty: a scalar
  [[nodiscard]] const NpyDtype& dtype() const { return header_.dtype; }                   // as stored

  // All values in C order, whatever the file's dtype, byte order and memory order. Value is std::uint8_t,
  // std::uint16_t or float. Integers are never rounded or wrapped: a canvas that NumPy made int64 or float64
  // is read as levels, and a bool mask as 0 and 1, where each value is a whole number of Value's range. As
  // floats, values are rounded to nearest; NaN and infinity stay. Throws FormatError with the first value
  // that does not fit, its byte and its index; so for a bool that is neither 0 nor 1.
  template <typename Value>
  [[nodiscard]] std::vector<Value> values() const;

  // All values in C order as levels. Integers are taken as they are; floats times the scale, which must give
  // a whole number but for rounding: up to scale_tolerance(scale). Throws ConfigError with the first value
  // that is none of these levels and its index.
  [[nodiscard]] std::vector<std::uint16_t> levels(const NpyLevels& wanted) const;
  // 0.001, or what rounding level / scale to the stored type and a step before it can make, where that is
  // more: scale / 2^11 of float16, scale / 2^22 of wider ones.
  [[nodiscard]] double scale_tolerance(double scale) const;

 private:
  friend NpyArray parse_npy(const std::string& path, std::vector<std::byte> file);
  NpyArray(std::string path, std::vector<std::byte> file, NpyHeader header);

  [[nodiscard]] std::size_t count() const;
  template <typename Call>
  void for_each_value(const Call& call) const;
  [[nodiscard]] std::string index_text(std::size_t i) const;  // of the i-th value in C order

  std::string path_;
  std::vector<std::byte> file_;  // with its header
  NpyHeader header_;
};

// Versions 1.0, 2.0 and 3.0; bool, u1 to u8, i1 to i8, f2, f4 and f8 in either byte order and memory order.
// Every byte of the header is checked before it is believed, and the data is what the shape needs, no more
// and no less. Throws FileError, or FormatError with path and byte.
[[nodiscard]] NpyArray read_npy(const std::string& path);

// Its header alone: reads up to 128 KiB of the file and checks its size as read_npy does.
[[nodiscard]] NpyHeader read_npy_header(const std::string& path);

// The same as read_npy of bytes that are in memory already; messages name the path.
[[nodiscard]] NpyArray parse_npy(const std::string& path, std::vector<std::byte> file);

}  // namespace pcnn

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/io/npy.h"

namespace pcnn {

// Any bytes as a version of .npy, without padding.
inline std::string npy_bytes(const std::string& header, const std::string& data, int major = 1) {
  std::string bytes = std::string("\x93NUMPY") + static_cast<char>(major) + '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return bytes + header + data;
}

inline std::string npy_dict(const std::string& descr, const std::string& shape, bool fortran_order = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

// The values as they lie in a file.
template <typename Value>
std::string npy_data(const std::vector<Value>& values, bool big_endian = false) {
  std::string bytes;
  for (const Value value : values) {
    char raw[sizeof(Value)];
    std::memcpy(raw, &value, sizeof(Value));
    const std::string text(raw, sizeof(Value));
    bytes += big_endian ? std::string(text.rbegin(), text.rend()) : text;
  }
  return bytes;
}

inline NpyArray parse_npy(const std::string& bytes) {
  const std::span view = std::as_bytes(std::span(bytes));
  return parse_npy("a.npy", {view.begin(), view.end()});
}

}  // namespace pcnn

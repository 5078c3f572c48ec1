#pragma once

// The safetensors format (github.com/huggingface/safetensors, format description in its README):
//
//   byte 0  u64 little-endian: length N of the header
//   byte 8  N bytes of JSON: {"__metadata__": {string: string},
//           "name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ...}, padded with spaces
//   8 + N   the tensors, little-endian, in C order; offsets count from here and leave no gap
//
// pcnn reads and writes F32. N is padded so that the data starts at a multiple of 8.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace pcnn {

struct TensorRef {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<const float> values;
};

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
};

// Atomic; the same bytes for the same content. Throws FileError; std::invalid_argument where a name comes
// twice or a shape does not fit its values.
void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorRef> tensors);

// Every byte is checked before it is believed. Throws FileError, or FormatError with path and byte.
[[nodiscard]] SafetensorsFile read_safetensors(const std::string& path);

}  // namespace pcnn

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

// A tensor to write; the values are borrowed.
struct TensorRef {
  std::string name;
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::span<const float> values;    // in C order
};

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
};

// Atomic; the same bytes for the same content, tensors in the order given. Throws FileError;
// std::invalid_argument where a name comes twice or is "__metadata__", a shape does not fit its values, or a
// text is not UTF-8.
void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorRef> tensors);

// Every byte is checked before it is believed: what loads has shapes that fit their values, and its tensors
// cover the file's data exactly once. Values may be NaN. Throws FileError, or FormatError with path and byte.
[[nodiscard]] SafetensorsFile read_safetensors(const std::string& path);

}  // namespace pcnn

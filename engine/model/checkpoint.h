#pragma once

// Parameter-sized buffers in a safetensors file, each parameter a tensor of its own in plain OIHW f32 under
// its own name ("blocks.0.reduce.weight"), buffers beside the parameters under a prefix
// ("average.blocks.0.reduce.weight"). The file's metadata says "format": "pcnn 2" and "image": "1x28x28"
// (channels, rows, columns), carries whatever the caller adds, and has a checksum over all of it and the
// tensors. Files of format "pcnn 1" have none and are read too.

#include <map>
#include <span>
#include <string>

#include "engine/io/safetensors.h"
#include "engine/model/network.h"

namespace pcnn {

// A flat buffer in parameter order; the name "" is the parameters themselves.
struct NamedBuffer {
  std::string name;
  std::span<const float> values;
};

// Atomic: an older file of that name stays whole until the new one is complete. Throws FileError.
void write_checkpoint(const std::string& path, const Network& network, std::span<const NamedBuffer> buffers,
                      std::map<std::string, std::string> metadata);

// A file that was read: its bytes, held by value. Immutable and safe to share.
class Checkpoint {
 public:
  // Throws FileError, or FormatError where the bytes are not what was written.
  static Checkpoint read(const std::string& path);

  // The metadata under this key; throws FormatError where there is none.
  [[nodiscard]] const std::string& metadata(const std::string& key) const;
  [[nodiscard]] bool has_metadata(const std::string& key) const;
  // What belongs beside whatever is made of it, "PATH: has no checksum ..."; empty where there is nothing.
  [[nodiscard]] std::string note() const;
  // Size of the images the network was trained on, n = 1. Throws FormatError.
  [[nodiscard]] Shape image_shape() const;
  // Whether the file holds this buffer of the network. Throws FormatError where it holds a part of it.
  [[nodiscard]] bool contains(const Network& network, const std::string& name) const;
  // Copies a buffer out. Throws FormatError, naming the tensor, where the file is of another network, one
  // with fewer layers included.
  void copy(const Network& network, const std::string& name, std::span<float> values) const;

 private:
  Checkpoint(std::string path, SafetensorsFile file);
  void check_names(const Network& network) const;
  void check_sum() const;
  std::string path_;
  SafetensorsFile file_;
};

}  // namespace pcnn

#include "engine/model/checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/io/checksum.h"

namespace pcnn {
namespace {

constexpr const char* kFormat = "pcnn 2";
constexpr const char* kFormatWithoutChecksum = "pcnn 1";
constexpr int kLargestExtent = 1 << 16;  // of an image

std::string tensor_name(const std::string& buffer, const Parameter& parameter) {
  return buffer.empty() ? parameter.name : buffer + "." + parameter.name;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t extent : shape) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

// Of everything the file says, in an order of its own, whatever the order in the file.
class ContentSum {
 public:
  void add_metadata(const std::map<std::string, std::string>& metadata) {
    for (const auto& [key, value] : metadata) {
      if (key == "checksum") continue;
      sum_.add_text(key);
      sum_.add_text(value);
    }
  }
  void add_tensor(const std::string& name, std::span<const std::int64_t> shape,
                  std::span<const float> values) {
    sum_.add_text(name);
    sum_.add_text(shape_text(shape));
    sum_.add(std::as_bytes(values));
  }
  [[nodiscard]] std::string text() const { return sum_.text(); }

 private:
  Crc32 sum_;
};

}  // namespace

void write_checkpoint(const std::string& path, const Network& network, std::span<const NamedBuffer> buffers,
                      std::map<std::string, std::string> metadata) {
  metadata["format"] = kFormat;
  metadata["image"] = shape_text(
      std::array<std::int64_t, 3>{network.image_channels, network.image_height, network.image_width});
  std::vector<TensorRef> tensors;
  for (const NamedBuffer& buffer : buffers)
    for (const Parameter& parameter : network.parameters)
      tensors.push_back({tensor_name(buffer.name, parameter),
                         {parameter.shape.begin(), parameter.shape.end()},
                         buffer.values.subspan(parameter.offset, parameter.size)});
  ContentSum sum;
  sum.add_metadata(metadata);
  std::map<std::string, const TensorRef*> by_name;
  for (const TensorRef& tensor : tensors) by_name[tensor.name] = &tensor;
  for (const auto& [name, tensor] : by_name) sum.add_tensor(name, tensor->shape, tensor->values);
  metadata["checksum"] = sum.text();
  write_safetensors(path, metadata, tensors);
}

Checkpoint::Checkpoint(std::string path, SafetensorsFile file)
    : path_(std::move(path)), file_(std::move(file)) {}

Checkpoint Checkpoint::read(const std::string& path) {
  Checkpoint checkpoint(path, read_safetensors(path));
  const std::string& format = checkpoint.metadata("format");
  if (format != kFormat && format != kFormatWithoutChecksum)
    throw FormatError(path, 0, "format '" + format + "', accepted: '" + kFormat + "'");
  if (format == kFormat || checkpoint.file_.metadata.contains("checksum")) checkpoint.check_sum();
  return checkpoint;
}

void Checkpoint::check_sum() const {
  ContentSum sum;
  sum.add_metadata(file_.metadata);
  for (const auto& [name, tensor] : file_.tensors) sum.add_tensor(name, tensor.shape, tensor.values);
  if (const std::string& stored = metadata("checksum"); stored != sum.text())
    throw FormatError(path_, 0, "damaged: its content has " + sum.text() + ", it was written with " + stored);
}

bool Checkpoint::has_metadata(const std::string& key) const {
  return file_.metadata.contains(key);
}

const std::string& Checkpoint::metadata(const std::string& key) const {
  const auto found = file_.metadata.find(key);
  if (found == file_.metadata.end())
    throw FormatError(path_, 0, "no '" + key + "' in its metadata: not a pcnn checkpoint");
  return found->second;
}

Shape Checkpoint::image_shape() const {
  const std::string& text = metadata("image");
  Shape shape;
  const char* at = text.data();
  const char* const end = at + text.size();
  bool good = true;
  for (int* extent : {&shape.c, &shape.h, &shape.w}) {
    if (extent != &shape.c) good = good && at != end && *at++ == 'x';
    const auto [next, error] = std::from_chars(at, end, *extent);
    good = good && error == std::errc() && *extent >= 1 && *extent <= kLargestExtent;
    at = next;
  }
  if (!good || at != end)
    throw FormatError(path_, 0,
                      "image size '" + text + "', accepted: channels x rows x columns as in 1x28x28");
  return shape;
}

bool Checkpoint::contains(const Network& network, const std::string& name) const {
  std::size_t found = 0;
  const Parameter* missing = nullptr;
  for (const Parameter& parameter : network.parameters)
    if (file_.tensors.contains(tensor_name(name, parameter)))
      ++found;
    else
      missing = &parameter;
  if (missing && found > 0)
    throw FormatError(path_, 0,
                      "no tensor '" + tensor_name(name, *missing) + "' beside the others of '" + name + "'");
  return found > 0;
}

// Parameters are called alike whatever buffer they lie in, so a tensor whose name ends in no parameter's is a
// layer that this network does not have.
void Checkpoint::check_names(const Network& network) const {
  std::unordered_set<std::string_view> known;
  for (const Parameter& parameter : network.parameters) known.insert(parameter.name);
  for (const auto& [tensor, unused] : file_.tensors) {
    std::string_view name = tensor;
    std::size_t dot = 0;
    while (!known.contains(name) && (dot = name.find('.')) != std::string_view::npos)
      name.remove_prefix(dot + 1);
    if (!known.contains(name))
      throw FormatError(
          path_, 0, "tensor '" + tensor + "' is of no layer of the network: the checkpoint is of another");
  }
}

void Checkpoint::copy(const Network& network, const std::string& name, std::span<float> values) const {
  check_names(network);
  for (const Parameter& parameter : network.parameters) {
    const std::string tensor = tensor_name(name, parameter);
    const auto found = file_.tensors.find(tensor);
    if (found == file_.tensors.end())
      throw FormatError(path_, 0,
                        "no tensor '" + tensor + "': the checkpoint is of another network or optimiser");
    const std::vector<std::int64_t> shape(parameter.shape.begin(), parameter.shape.end());
    if (found->second.shape != shape)
      throw FormatError(path_, 0,
                        "tensor '" + tensor + "' is " + shape_text(found->second.shape) +
                            ", the network's is " + shape_text(shape));
    std::ranges::copy(found->second.values, values.begin() + static_cast<std::ptrdiff_t>(parameter.offset));
  }
}

}  // namespace pcnn

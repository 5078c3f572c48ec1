#include "engine/io/safetensors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_set>

#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are copied as they lie in memory");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;  // the reference implementation's limit
constexpr std::size_t kMostHeaderDepth = 2;              // header, tensor, shape
constexpr const char* kMetadata = "__metadata__";

using Json = nlohmann::json;

// Bytes of a tensor of the shape; nothing where an extent is negative or the product does not fit 64 bits.
std::optional<std::uint64_t> tensor_bytes(const std::vector<std::int64_t>& shape) {
  std::uint64_t bytes = sizeof(float);
  for (const std::int64_t extent : shape) {
    if (extent < 0) return {};
    const auto factor = static_cast<std::uint64_t>(extent);
    if (factor != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / factor) return {};
    bytes *= factor;
  }
  return bytes;
}

// A tensor at a time: nlohmann's ordered object looks through all its keys at each new one.
std::string header_text(const std::map<std::string, std::string>& metadata,
                        std::span<const TensorRef> tensors) try {
  std::string text = "{";
  const auto append = [&](const std::string& key, const nlohmann::ordered_json& value) {
    text.append(text.size() > 1 ? "," : "").append(Json(key).dump()).append(":").append(value.dump());
  };
  if (!metadata.empty()) append(kMetadata, metadata);
  std::unordered_set<std::string_view> names{kMetadata};
  std::uint64_t offset = 0;
  for (const TensorRef& tensor : tensors) {
    if (!names.insert(tensor.name).second)
      throw std::invalid_argument("write_safetensors: the name " + tensor.name + " is taken");
    if (tensor_bytes(tensor.shape) != tensor.values.size_bytes())
      throw std::invalid_argument(fmt::format("write_safetensors: {}: {} values for the shape {}",
                                              tensor.name, tensor.values.size(), tensor.shape));
    append(tensor.name, {{"dtype", "F32"},
                         {"shape", tensor.shape},
                         {"data_offsets", {offset, offset + tensor.values.size_bytes()}}});
    offset += tensor.values.size_bytes();
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
} catch (const Json::exception&) {
  throw std::invalid_argument("write_safetensors: a name or metadata is not UTF-8");
}

// What Json::parse() would take without a word: a key twice, of which it keeps one, and any depth, for which
// it takes memory first. Called event by event and not as its callback, after which that looks through all
// members of an object for each one that ends.
class HeaderCheck final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderCheck(const std::string& path) : path_(path) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!open_.back().insert(name).second)
      throw FormatError(path_, kLengthBytes, "the header has the key " + Json(name).dump() + " twice");
    return true;
  }
  bool parse_error(std::size_t at, const std::string&, const Json::exception& error) override {
    if (dynamic_cast<const Json::parse_error*>(&error) == nullptr)
      throw FormatError(path_, kLengthBytes, "the header holds a number that is out of range");
    throw FormatError(path_, kLengthBytes + std::max<std::size_t>(at, 1) - 1, "the header is not JSON");
  }

 private:
  bool open() {
    if (open_.size() > kMostHeaderDepth)
      throw FormatError(path_, kLengthBytes, "the header is nested deeper than tensors are");
    open_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& path_;
  std::vector<std::unordered_set<std::string>> open_;  // keys of each object that is not closed
};

Json parse_header(const std::string& path, std::string_view text) {
  if (!text.starts_with('{')) throw FormatError(path, kLengthBytes, "the header does not begin with {");
  HeaderCheck check(path);
  Json::sax_parse(text, &check);
  return Json::parse(text);
}

std::map<std::string, std::string> parse_metadata(const std::string& path, const Json& json) {
  try {
    return json.get<std::map<std::string, std::string>>();
  } catch (const Json::exception&) {
    throw FormatError(path, kLengthBytes, "__metadata__ is not a map of strings");
  }
}

// The list of whole numbers under the key; nothing where it is not there or something else.
std::optional<std::vector<std::int64_t>> whole_numbers(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return {};
  std::vector<std::int64_t> numbers;
  for (const Json& value : *found) {
    if (!value.is_number_unsigned()) return {};
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return {};
    numbers.push_back(static_cast<std::int64_t>(number));
  }
  return numbers;
}

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // from the first byte of data
  std::uint64_t end = 0;
};

Entry parse_entry(const std::string& path, const std::string& name, const Json& json,
                  std::uint64_t data_bytes) {
  const auto refuse = [&](const std::string& what) {
    throw FormatError(path, kLengthBytes, "tensor " + Json(name).dump() + ": " + what);
  };
  if (!json.is_object()) refuse("not a map of dtype, shape and data_offsets");
  const Json dtype = json.value("dtype", Json());
  if (dtype != "F32") refuse("dtype is " + dtype.dump() + ", accepted: \"F32\"");
  const auto shape = whole_numbers(json, "shape");
  if (!shape) refuse("shape is not a list of whole numbers");
  const auto offsets = whole_numbers(json, "data_offsets");
  if (!offsets || offsets->size() != 2) refuse("data_offsets is not [begin, end]");

  Entry entry{.name = name,
              .shape = *shape,
              .begin = static_cast<std::uint64_t>((*offsets)[0]),
              .end = static_cast<std::uint64_t>((*offsets)[1])};
  if (entry.begin > entry.end || entry.end > data_bytes)
    refuse(fmt::format("data_offsets {} lie outside the file's {} bytes of data", *offsets, data_bytes));
  const auto bytes = tensor_bytes(entry.shape);
  if (!bytes) refuse(fmt::format("shape {} does not fit 64 bits", entry.shape));
  if (*bytes != entry.end - entry.begin)
    refuse(fmt::format("shape {} takes {} bytes, data_offsets {} hold {}", entry.shape, *bytes, *offsets,
                       entry.end - entry.begin));
  return entry;
}

// In the order of their data, which must cover the file's data exactly once.
void require_no_gaps(const std::string& path, std::uint64_t data_at, std::span<const Entry> entries,
                     std::uint64_t data_bytes) {
  std::uint64_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != expected)
      throw FormatError(path, data_at + std::min(entry.begin, expected),
                        "tensor " + Json(entry.name).dump() +
                            (entry.begin < expected ? " overlaps another" : " leaves a gap before it"));
    expected = entry.end;
  }
  if (expected != data_bytes)
    throw FormatError(path, data_at + expected,
                      fmt::format("{} bytes after the last tensor", data_bytes - expected));
}

}  // namespace

void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorRef> tensors) {
  const std::string text = header_text(metadata, tensors);
  const std::uint64_t length = text.size();
  std::uint64_t data_bytes = 0;
  for (const TensorRef& tensor : tensors) data_bytes += tensor.values.size_bytes();

  std::vector<std::byte> bytes;
  bytes.reserve(kLengthBytes + length + data_bytes);
  const auto append = [&](std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  append(std::as_bytes(std::span(&length, 1)));
  append(std::as_bytes(std::span(text)));
  for (const TensorRef& tensor : tensors) append(std::as_bytes(tensor.values));
  write_file_atomic(path, bytes);
}

SafetensorsFile read_safetensors(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes) throw FormatError(path, bytes.size(), "ends inside the header's length");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMostHeaderBytes || length > bytes.size() - kLengthBytes)
    throw FormatError(path, 0,
                      fmt::format("a header of {} bytes in a file of {}: not safetensors, or cut short",
                                  length, bytes.size()));

  const std::uint64_t data_at = kLengthBytes + length;
  const std::span data = std::span(bytes).subspan(data_at);
  const Json header =
      parse_header(path, {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length});
  SafetensorsFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items())
    if (name == kMetadata)
      file.metadata = parse_metadata(path, value);
    else
      entries.push_back(parse_entry(path, name, value, data.size()));

  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::pair(entry.begin, entry.end); });
  require_no_gaps(path, data_at, entries, data.size());
  for (const Entry& entry : entries) {
    Tensor tensor{entry.shape, std::vector<float>((entry.end - entry.begin) / sizeof(float))};
    std::ranges::copy(data.subspan(entry.begin, entry.end - entry.begin),
                      std::as_writable_bytes(std::span(tensor.values)).begin());
    file.tensors.emplace(entry.name, std::move(tensor));
  }
  return file;
}

}  // namespace pcnn

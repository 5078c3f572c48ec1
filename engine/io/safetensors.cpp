#include "engine/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are copied as they lie in memory");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;  // the reference implementation's limit

using Json = nlohmann::ordered_json;

// Values a shape holds; false where it is negative or does not fit 64 bits.
bool element_count(const std::vector<std::int64_t>& shape, std::uint64_t& count) {
  count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return false;
    const auto factor = static_cast<std::uint64_t>(extent);
    if (factor != 0 && count > std::numeric_limits<std::uint64_t>::max() / factor) return false;
    count *= factor;
  }
  return count <= std::numeric_limits<std::uint64_t>::max() / sizeof(float);
}

// JSON keeps the last of two equal keys silently; here that is an error.
Json parse_header(const std::string& path, std::string_view text) {
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second)
      throw FormatError(path, kLengthBytes, "the header has the key " + parsed.dump() + " twice");
    return true;
  };
  try {
    Json header = Json::parse(text, watch);
    if (!header.is_object()) throw FormatError(path, kLengthBytes, "the header is not a JSON object");
    return header;
  } catch (const nlohmann::json::exception&) {
    throw FormatError(path, kLengthBytes, "the header is not JSON");
  }
}

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

Entry parse_entry(const std::string& path, const std::string& name, const Json& json,
                  std::uint64_t data_bytes) {
  const auto fail = [&](const std::string& what) -> FormatError {
    return {path, kLengthBytes, "tensor '" + name + "': " + what};
  };
  Entry entry{.name = name, .shape = {}};
  try {
    if (const std::string dtype = json.at("dtype"); dtype != "F32")
      throw fail("its dtype is " + dtype + ", accepted: F32");
    for (const Json& number : {std::cref(json.at("shape")), std::cref(json.at("data_offsets"))})
      for (const Json& value : number)
        if (!value.is_number_integer()) throw fail("shape and data_offsets must be integers");
    entry.shape = json.at("shape").get<std::vector<std::int64_t>>();
    if (json.at("data_offsets").size() != 2) throw fail("data_offsets must be [begin, end]");
    entry.begin = json.at("data_offsets")[0].get<std::uint64_t>();
    entry.end = json.at("data_offsets")[1].get<std::uint64_t>();
  } catch (const nlohmann::json::exception&) {
    throw fail("dtype, shape or data_offsets is missing or of the wrong kind");
  }
  std::uint64_t count = 0;
  if (!element_count(entry.shape, count)) throw fail("its shape is impossible");
  if (entry.begin > entry.end || entry.end > data_bytes) throw fail("its data lies outside the file");
  if (entry.end - entry.begin != count * sizeof(float))
    throw fail("its shape does not fit the length of its data");
  return entry;
}

}  // namespace

void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorRef> tensors) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const TensorRef& tensor : tensors) {
    std::uint64_t count = 0;
    if (!element_count(tensor.shape, count) || count != tensor.values.size() || header.contains(tensor.name))
      throw std::invalid_argument("write_safetensors: tensor '" + tensor.name + "'");
    header[tensor.name] = {{"dtype", "F32"},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.values.size_bytes()}}};
    offset += tensor.values.size_bytes();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');

  const std::uint64_t length = text.size();
  std::vector<std::byte> bytes(kLengthBytes + length + offset);
  std::memcpy(bytes.data(), &length, kLengthBytes);
  std::memcpy(bytes.data() + kLengthBytes, text.data(), length);
  std::byte* data = bytes.data() + kLengthBytes + length;
  for (const TensorRef& tensor : tensors) {
    std::ranges::copy(std::as_bytes(tensor.values), data);
    data += tensor.values.size_bytes();
  }
  write_file_atomic(path, bytes);
}

SafetensorsFile read_safetensors(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes) throw FormatError(path, bytes.size(), "ends inside the header's length");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMostHeaderBytes || length > bytes.size() - kLengthBytes)
    throw FormatError(
        path, 0,
        "the header would be " + std::to_string(length) + " bytes long: not safetensors, or cut short");

  const std::byte* data = bytes.data() + kLengthBytes + length;
  const std::uint64_t data_bytes = bytes.size() - kLengthBytes - length;
  const Json header =
      parse_header(path, {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length});

  SafetensorsFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(parse_entry(path, name, value, data_bytes));
      continue;
    }
    try {
      file.metadata = value.get<std::map<std::string, std::string>>();
    } catch (const nlohmann::json::exception&) {
      throw FormatError(path, kLengthBytes, "__metadata__ is not a map of strings");
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::pair(entry.begin, entry.end); });
  std::uint64_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != expected)
      throw FormatError(path, kLengthBytes + length + expected,
                        "tensor '" + entry.name +
                            (entry.begin < expected ? "' overlaps another" : "' leaves a gap before it"));
    expected = entry.end;
    Tensor tensor{entry.shape, std::vector<float>((entry.end - entry.begin) / sizeof(float))};
    if (!tensor.values.empty())
      std::memcpy(tensor.values.data(), data + entry.begin, entry.end - entry.begin);
    file.tensors.emplace(entry.name, std::move(tensor));
  }
  if (expected != data_bytes)
    throw FormatError(path, kLengthBytes + length + expected, "bytes after the last tensor");
  return file;
}

}  // namespace pcnn

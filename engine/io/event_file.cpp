#include "engine/io/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <limits>

#include "engine/core/error.h"
#include "engine/io/checksum.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

static_assert(std::endian::native == std::endian::little);

template <typename Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof(number), '\0');
  std::memcpy(bytes.data(), &number, sizeof(number));
  return bytes;
}

// Protocol-buffer encoding: a key (field number and wire type), then the value.
std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 128; number >>= 7) bytes += static_cast<char>((number & 127) | 128);
  return bytes + static_cast<char>(number);
}
std::string field(int number, std::int64_t value) {
  return varint(static_cast<std::uint64_t>(number) << 3) + varint(static_cast<std::uint64_t>(value));
}
std::string field(int number, double value) {
  return varint((static_cast<std::uint64_t>(number) << 3) | 1) + bytes_of(value);
}
std::string field(int number, std::string_view bytes) {
  return varint((static_cast<std::uint64_t>(number) << 3) | 2) + varint(bytes.size()) + std::string(bytes);
}
std::string field(int number, float value) {
  return varint((static_cast<std::uint64_t>(number) << 3) | 5) + bytes_of(value);
}

std::uint32_t masked_sum(std::string_view bytes) {
  const std::uint32_t sum = crc32c(std::as_bytes(std::span(bytes)));
  return std::rotr(sum, 15) + 0xa282ead8u;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

constexpr std::string_view kPrefix = "events.out.tfevents.";
constexpr std::int64_t kMostSeconds =
    9'999'999'999;  // ten digits in the name; later ones are no times of ours

// The latest time in the names of event files there; -1 without any.
std::int64_t last_seconds_in(const std::string& directory) {
  std::int64_t last = -1;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    std::int64_t seconds = -1;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), seconds);
    if (seconds < kMostSeconds) last = std::max(last, seconds);
  }
  return last;
}

// Event.summary holds Summary.value.
std::string summary_of(std::string_view value) {
  return field(5, field(1, value));
}

}  // namespace

EventFile::EventFile(const std::string& directory, std::int64_t first_step) {
  const std::int64_t seconds = std::max(static_cast<std::int64_t>(now()), last_seconds_in(directory) + 1);
  path_ = fmt::format("{}/{}{:010}.{}.{}", directory, kPrefix, seconds, host_name(), ::getpid());
  constexpr std::int64_t kStart = 1;
  try {
    append(0, field(3, std::string_view("brain.Event:2")));
    append(first_step, field(7, field(1, kStart)));  // SessionLog: later steps of earlier files are void
  } catch (const FileError&) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    throw;
  }
}

void EventFile::append(std::int64_t step, std::string_view fields) {
  const std::string event = field(1, now()) + field(2, step) + std::string(fields);
  const std::string length = bytes_of(static_cast<std::uint64_t>(event.size()));
  const std::string record = length + bytes_of(masked_sum(length)) + event + bytes_of(masked_sum(event));
  std::error_code error;
  const std::uintmax_t whole = std::filesystem::file_size(path_, error);
  try {
    append_bytes(path_, record);
  } catch (const FileError&) {
    if (!error) std::filesystem::resize_file(path_, whole, error);
    throw;
  }
}

void EventFile::scalars(std::int64_t step, std::span<const std::pair<std::string, double>> values) {
  constexpr double kMost = std::numeric_limits<float>::max();
  std::string summary;
  for (const auto& [tag, value] : values)
    summary += field(
        1, field(1, std::string_view(tag)) + field(2, static_cast<float>(std::clamp(value, -kMost, kMost))));
  append(step, field(5, std::string_view(summary)));
}

void EventFile::image(std::int64_t step, std::string_view tag, std::string_view png, int width, int height,
                      int channels) {
  const std::string image = field(1, std::int64_t{height}) + field(2, std::int64_t{width}) +
                            field(3, std::int64_t{channels}) + field(4, png);
  append(step, summary_of(field(1, tag) + field(4, std::string_view(image))));
}

void EventFile::text(std::int64_t step, std::string_view tag, std::string_view markdown) {
  constexpr std::int64_t kString = 7, kOne = 1;  // DT_STRING; one element
  const std::string shape = field(2, field(1, kOne));
  const std::string tensor = field(1, kString) + field(2, std::string_view(shape)) + field(8, markdown);
  const std::string plugin = field(1, field(1, std::string_view("text")));
  append(step,
         summary_of(field(1, tag) + field(9, std::string_view(plugin)) + field(8, std::string_view(tensor))));
}

// tensorboard/plugins/hparams/plugin_data.proto: the message is the metadata of an empty tensor.
void EventFile::append_hparams(std::int64_t step, std::string_view tag, std::string_view data) {
  constexpr std::int64_t kFloat = 1;  // DT_FLOAT
  const std::string no_values = field(2, field(2, std::string_view()));
  const std::string tensor = field(1, kFloat) + no_values;
  const std::string plugin = field(1, field(1, std::string_view("hparams")) + field(2, data));
  append(step,
         summary_of(field(1, tag) + field(9, std::string_view(plugin)) + field(8, std::string_view(tensor))));
}

void EventFile::hyper_parameters(std::int64_t step, std::string_view run,
                                 std::span<const std::pair<std::string, Value>> values) {
  std::string start;
  for (const auto& [name, value] : values) {  // a map's entries: key, google.protobuf.Value
    std::string encoded;
    if (const auto* number = std::get_if<double>(&value))
      encoded = field(2, *number);
    else if (const auto* text = std::get_if<std::string>(&value))
      encoded = field(3, std::string_view(*text));
    else
      encoded = field(4, std::int64_t{std::get<bool>(value)});
    start += field(1, field(1, std::string_view(name)) + field(2, std::string_view(encoded)));
  }
  start += field(4, run) + field(5, now());
  append_hparams(step, "_hparams_/session_start_info", field(3, std::string_view(start)));
}

void EventFile::success(std::int64_t step) {
  constexpr std::int64_t kSuccess = 1;  // STATUS_SUCCESS
  const std::string end = field(1, kSuccess) + field(2, now());
  append_hparams(step, "_hparams_/session_end_info", field(4, std::string_view(end)));
}

}  // namespace pcnn

#include "engine/io/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <filesystem>

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

// Event.summary holds Summary.value.
std::string summary_of(std::string_view value) {
  return field(5, field(1, value));
}

}  // namespace

EventFile::EventFile(const std::string& directory, std::int64_t step) {
  const std::string name = fmt::format("{}/events.out.tfevents.{:010}.{}.{}", directory,
                                       static_cast<std::int64_t>(now()), host_name(), ::getpid());
  path_ = name;
  for (int again = 1; std::filesystem::exists(path_); ++again) path_ = fmt::format("{}.{}", name, again);
  append(0, field(3, std::string_view("brain.Event:2")));
  constexpr std::int64_t kStart = 1;
  append(step + 1, field(7, field(1, kStart)));  // SessionLog: later steps of earlier files are void
}

void EventFile::append(std::int64_t step, std::string_view fields) {
  const std::string event = field(1, now()) + field(2, step) + std::string(fields);
  const std::string length = bytes_of(static_cast<std::uint64_t>(event.size()));
  append_bytes(path_, length + bytes_of(masked_sum(length)) + event + bytes_of(masked_sum(event)));
}

void EventFile::scalars(std::int64_t step, std::span<const std::pair<std::string, double>> values) {
  std::string summary;
  for (const auto& [tag, value] : values)
    summary += field(1, field(1, std::string_view(tag)) + field(2, static_cast<float>(value)));
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

}  // namespace pcnn

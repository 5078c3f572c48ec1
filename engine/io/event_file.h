#pragma once

// The event files TensorBoard reads: records of
//
//   u64 little-endian  length N of the data
//   u32 little-endian  masked CRC-32C of those eight bytes
//   N bytes            an Event (tensorflow/core/util/event.proto, in protocol-buffer encoding)
//   u32 little-endian  masked CRC-32C of the data
//
// where masked is ((crc >> 15) | (crc << 17)) + 0xa282ead8. The first event of a file says "brain.Event:2".

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pcnn {

class EventFile {
 public:
  // A new file in the directory, events.out.tfevents.<seconds>.<host>.<process>, that goes on after `step`:
  // readers drop what earlier files of the directory say of later steps. Nothing else is thrown but
  // FileError.
  EventFile(const std::string& directory, std::int64_t step);

  void scalars(std::int64_t step, std::span<const std::pair<std::string, double>> values);
  // png: the bytes of a PNG file of this size.
  void image(std::int64_t step, std::string_view tag, std::string_view png, int width, int height,
             int channels);
  // Markdown.
  void text(std::int64_t step, std::string_view tag, std::string_view markdown);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void append(std::int64_t step, std::string_view fields);
  std::string path_;
};

}  // namespace pcnn

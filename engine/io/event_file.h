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
#include <variant>

namespace pcnn {

// One thread at a time. Appends to a file of its own; every call leaves whole records on the disk, also one
// that throws FileError: what comes after a record that was cut short would be lost to readers.
class EventFile {
 public:
  // A new file in the directory, events.out.tfevents.<seconds>.<host>.<process>, whose name comes after those
  // that are there, as readers take them in the order of their names. They drop what earlier files say of
  // `first_step` and later ones. Nothing else is thrown but FileError.
  EventFile(const std::string& directory, std::int64_t first_step);

  void scalars(std::int64_t step, std::span<const std::pair<std::string, double>> values);
  // png: the bytes of a PNG file of this size.
  void image(std::int64_t step, std::string_view tag, std::string_view png, int width, int height,
             int channels);
  // Markdown.
  void text(std::int64_t step, std::string_view tag, std::string_view markdown);

  // For the HPARAMS tab, where each run of a name is a row: the values it trains with, and that it has
  // trained to its end. Of several such events readers take the first.
  using Value = std::variant<bool, double, std::string>;
  void hyper_parameters(std::int64_t step, std::string_view run,
                        std::span<const std::pair<std::string, Value>> values);
  void success(std::int64_t step);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void append(std::int64_t step, std::string_view fields);
  void append_hparams(std::int64_t step, std::string_view tag, std::string_view data);
  std::string path_;
};

}  // namespace pcnn

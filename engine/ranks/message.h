#pragma once

// Messages between ranks, which are processes of one program on processors of one kind: values as they lie in
// memory, and before those of a list how many they are.

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/ranks/ranks.h"

namespace pcnn {

class MessageWriter {
 public:
  template <typename Value>
  requires std::is_trivially_copyable_v<Value>
  void put(const Value& value) { append(&value, sizeof(Value)); }
  template <typename Value>
  void put_all(std::span<const Value> values) {
    put(values.size());
    append(values.data(), values.size_bytes());
  }
  void put_text(std::string_view text) { put_all(std::span(text.data(), text.size())); }
  // Room for that many values at the end, to be written to until the next call.
  template <typename Value>
  std::span<Value> put_room(std::size_t count) {
    put(count);
    const std::size_t at = (bytes_.size() + alignof(Value) - 1) / alignof(Value) * alignof(Value);
    bytes_.resize(at + count * sizeof(Value));
    return {reinterpret_cast<Value*>(bytes_.data() + at), count};
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  void append(const void* from, std::size_t size);
  Bytes bytes_;
};

// Reads what was put, in the same order. Throws Error where the message ends before.
class MessageReader {
 public:
  explicit MessageReader(Bytes bytes) : bytes_(std::move(bytes)) {}

  template <typename Value>
  Value get() {
    Value value;
    copy(&value, sizeof(Value));
    return value;
  }
  template <typename Value>
  std::vector<Value> get_all() {
    std::vector<Value> values(get<std::size_t>());
    copy(values.data(), values.size() * sizeof(Value));
    return values;
  }
  // Of put_room(); as long as this lives.
  template <typename Value>
  std::span<const Value> get_room() {
    const auto count = get<std::size_t>();
    const std::size_t at = (at_ + alignof(Value) - 1) / alignof(Value) * alignof(Value);
    at_ = std::min(at, bytes_.size());
    require(count * sizeof(Value));
    at_ += count * sizeof(Value);
    return {reinterpret_cast<const Value*>(bytes_.data() + at), count};
  }
  std::string get_text() {
    const std::vector<char> text = get_all<char>();
    return {text.begin(), text.end()};
  }

 private:
  void require(std::size_t size) const;
  void copy(void* to, std::size_t size);
  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace pcnn

#pragma once

// Lists of numbers of which few are different, as pixels are, in messages: with up to 256 different ones each
// takes a byte, and a table says which number a byte stands for; with more each takes its four. They come out
// with the bits that they went in with.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/ranks/message.h"

namespace pcnn {

void put_few_values(MessageWriter& message, std::span<const float> values, const Workers& workers);

// What was put, as long as the message lives. Thread-safe.
class FewValues {
 public:
  explicit FewValues(MessageReader& message);

  [[nodiscard]] std::size_t size() const { return table_.empty() ? values_.size() : indices_.size(); }
  // Those from `first` on.
  void copy(std::size_t first, std::span<float> to) const;
  [[nodiscard]] std::vector<float> all() const;

 private:
  std::vector<float> table_;
  std::span<const std::uint8_t> indices_;  // into the table
  std::span<const float> values_;          // where there is none
};

}  // namespace pcnn

#include "engine/ranks/few_values.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>

namespace pcnn {
namespace {

constexpr std::size_t kMostValues = 256, kPiece = std::size_t{1} << 15;  // values that one thread looks at

// Which numbers there are, by their bits, so that -0 and each NaN stay what they are. A hash table with open
// addressing, at most a quarter full.
class ValueTable {
 public:
  // The place of the number in the order in which they came; kMostValues where there is no more room.
  std::size_t add(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    Slot& slot = find(bits);
    if (slot.index < kMostValues || values_.size() == kMostValues) return slot.index;
    slot = {bits, static_cast<std::uint16_t>(values_.size())};
    values_.push_back(value);
    return slot.index;
  }
  // Of one that was added.
  [[nodiscard]] std::uint8_t index_of(float value) {
    return static_cast<std::uint8_t>(find(std::bit_cast<std::uint32_t>(value)).index);
  }
  [[nodiscard]] const std::vector<float>& values() const { return values_; }

 private:
  struct Slot {
    std::uint32_t bits = 0;
    std::uint16_t index = kMostValues;  // none yet
  };
  Slot& find(std::uint32_t bits) {
    constexpr int kBits = 10;
    static_assert(std::size_t{1} << kBits == kSlots);
    std::size_t at = (bits * 2654435761u) >> (32 - kBits);  // Fibonacci hashing
    while (slots_[at].index < kMostValues && slots_[at].bits != bits) at = (at + 1) % kSlots;
    return slots_[at];
  }

  static constexpr std::size_t kSlots = 4 * kMostValues;
  std::array<Slot, kSlots> slots_{};
  std::vector<float> values_;
};

std::span<const float> piece_of(std::span<const float> values, std::size_t piece) {
  return values.subspan(piece * kPiece, std::min(kPiece, values.size() - piece * kPiece));
}

// False where there are more than fit.
bool add_all(std::span<const float> values, ValueTable& table) {
  return std::ranges::all_of(values, [&](float value) { return table.add(value) < kMostValues; });
}

}  // namespace

void put_few_values(MessageWriter& message, std::span<const float> values, const Workers& workers) {
  const std::size_t pieces = (values.size() + kPiece - 1) / kPiece;
  std::vector<ValueTable> tables(pieces);
  std::atomic<bool> are_few = true;
  workers.parallel_for(pieces, [&](std::size_t piece) {
    if (are_few && !add_all(piece_of(values, piece), tables[piece])) are_few = false;
  });
  ValueTable table;
  for (const ValueTable& part : tables) are_few = are_few && add_all(part.values(), table);
  if (!are_few || values.empty()) {
    message.put_all(std::span<const float>());
    std::ranges::copy(values, message.put_room<float>(values.size()).begin());
    return;
  }
  message.put_all(std::span(table.values()));
  const std::span<std::uint8_t> indices = message.put_room<std::uint8_t>(values.size());
  workers.parallel_for(pieces, [&](std::size_t piece) {
    const std::span<const float> from = piece_of(values, piece);
    for (std::size_t i = 0; i < from.size(); ++i) indices[piece * kPiece + i] = table.index_of(from[i]);
  });
}

FewValues::FewValues(MessageReader& message) : table_(message.get_all<float>()) {
  if (table_.empty())
    values_ = message.get_room<float>();
  else
    indices_ = message.get_room<std::uint8_t>();
  table_.resize(table_.empty() ? 0 : kMostValues);  // so that no byte leads out of it
}

void FewValues::copy(std::size_t first, std::span<float> to) const {
  assert(first + to.size() <= size());
  if (table_.empty())
    std::ranges::copy(values_.subspan(first, to.size()), to.begin());
  else
    std::ranges::transform(indices_.subspan(first, to.size()), to.begin(),
                           [&](std::uint8_t index) { return table_[index]; });
}

std::vector<float> FewValues::all() const {
  std::vector<float> values(size());
  copy(0, values);
  return values;
}

}  // namespace pcnn

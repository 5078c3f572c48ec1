#include "engine/config/anchors.h"

#include <algorithm>

namespace pcnn::config_detail {
namespace {

std::size_t weight_of(const Tree& tree) {
  std::size_t weight = 16 + tree.text.size();
  for (const Tree& item : tree.items) weight += weight_of(item);
  for (const Entry& entry : tree.entries) weight += entry.key.size() + weight_of(entry.value);
  return weight;
}

// Of lists and sections, one in the other.
std::size_t levels_of(const Tree& tree) {
  std::size_t below = 0;
  for (const Tree& item : tree.items) below = std::max(below, levels_of(item));
  for (const Entry& entry : tree.entries) below = std::max(below, levels_of(entry.value));
  return below + (tree.kind == Tree::Kind::kList || tree.kind == Tree::Kind::kMap ? 1 : 0);
}

}  // namespace

bool Anchors::spend(std::size_t weight) {
  if (weight > kMostRepeated - spent_) return false;
  spent_ += weight;
  return true;
}

bool Anchors::remember(std::size_t id, const Tree& value) {
  const std::size_t weight = weight_of(value);
  if (!spend(weight)) return false;
  named_.insert_or_assign(id, Named{.tree = value, .weight = weight, .levels = levels_of(value)});
  return true;
}

Anchors::Copy Anchors::copy(std::size_t id, std::size_t levels) {
  const auto found = named_.find(id);
  if (found == named_.end()) return {.refusal = "an alias inside the value it stands for"};
  const Named& named = found->second;
  if (named.levels > levels) return {.refusal = "nested deeper than " + std::to_string(kDeepest) + " levels"};
  if (!spend(named.weight)) return {.refusal = std::string(kTooMuch)};
  return {.tree = named.tree};
}

}  // namespace pcnn::config_detail

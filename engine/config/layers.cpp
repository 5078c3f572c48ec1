#include "engine/config/layers.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pcnn::config_detail {
namespace {

constexpr std::string_view kMergeKey = "<<";
constexpr std::string_view kAccepted = "a section or a list of sections";

}  // namespace

void put_over(Tree& below, Tree above) {
  std::vector<Tree> replaced = std::move(below.replaced);
  if (below.kind == Tree::Kind::kScalar || below.kind == Tree::Kind::kNull) {
    below.replaced.clear();
    replaced.push_back(std::move(below));
  }
  above.replaced = std::move(replaced);
  below = std::move(above);
}

void lay_over(Tree& below, Tree above) {
  if (below.kind != Tree::Kind::kMap || above.kind != Tree::Kind::kMap)
    return put_over(below, std::move(above));
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < below.entries.size(); ++i) known.emplace(below.entries[i].key, i);
  for (Entry& entry : above.entries) {
    const auto found = known.find(entry.key);
    if (found == known.end()) {
      below.entries.push_back(std::move(entry));
      continue;
    }
    Entry& under = below.entries[found->second];
    under.key_place = entry.key_place;
    lay_over(under.value, std::move(entry.value));
  }
  below.place = above.place;
}

bool is_merge_key(const Tree& key) {
  return key.kind == Tree::Kind::kScalar && key.text == kMergeKey && !key.quoted;
}

std::optional<Refusal> merge_keys(Tree& map) {
  const auto at = std::ranges::find(map.entries, kMergeKey, &Entry::key);
  if (at == map.entries.end()) return std::nullopt;
  Tree given = std::move(at->value);
  map.entries.erase(at);

  std::vector<Tree> sources;
  if (given.kind == Tree::Kind::kList)
    sources = std::move(given.items);
  else
    sources.push_back(std::move(given));
  std::unordered_set<std::string> known;
  for (const Entry& entry : map.entries) known.insert(entry.key);
  std::vector<Entry> merged;
  for (Tree& source : sources) {
    if (source.kind != Tree::Kind::kMap) return Refusal{source.place, "<<: " + refusal(source, kAccepted)};
    for (Entry& entry : source.entries)
      if (known.insert(entry.key).second) merged.push_back(std::move(entry));
  }
  merged.insert(merged.end(), std::make_move_iterator(map.entries.begin()),
                std::make_move_iterator(map.entries.end()));
  map.entries = std::move(merged);
  return std::nullopt;
}

}  // namespace pcnn::config_detail

#include "engine/config/renamed.h"

#include <array>

namespace pcnn::config_detail {
namespace {

struct Rename {
  std::string_view section, old_key, key;
};

constexpr std::array kRenames = std::to_array<Rename>({
    {"sample", "flock", "chain_batch"},
});

}  // namespace

std::string current_path(std::string_view path) {
  for (const Rename& rename : kRenames)
    if (path == join_path(rename.section, rename.old_key)) return join_path(rename.section, rename.key);
  return std::string(path);
}

std::string renamed_note(std::string_view path) {
  return std::string(path) + " is called " + current_path(path) + " now";
}

std::vector<std::string> follow_renames(Tree& root, const Source& source) {
  std::vector<std::string> notes;
  for (const Rename& rename : kRenames) {
    Entry* section = root.find(rename.section);
    const Entry* old_entry = section ? section->value.find(rename.old_key) : nullptr;
    if (old_entry == nullptr) continue;
    const bool is_given = old_entry->value.kind != Tree::Kind::kNull;
    const std::string old_path = join_path(rename.section, rename.old_key),
                      path = join_path(rename.section, rename.key);
    std::vector<Entry>& entries = section->value.entries;
    const auto drop = [&](std::string_view key) {
      std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
    };
    const Entry* entry = section->value.find(rename.key);
    const bool is_higher = entry != nullptr && is_given &&
                           source.layer_of(old_entry->value.place) > source.layer_of(entry->value.place);
    if (entry != nullptr && !is_higher && (entry->value.kind != Tree::Kind::kNull || !is_given)) {
      drop(rename.old_key);
      if (is_given) notes.push_back(old_path + " is left out beside " + path + ", as it is called now");
      continue;
    }
    if (entry != nullptr) drop(rename.key);
    section->value.find(rename.old_key)->key = rename.key;
    if (is_given) notes.push_back(renamed_note(old_path));
  }
  return notes;
}

}  // namespace pcnn::config_detail

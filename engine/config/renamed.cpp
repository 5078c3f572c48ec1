#include "engine/config/renamed.h"

#include <array>
#include <string_view>

namespace pcnn::config_detail {
namespace {

struct Rename {
  std::string_view section, old_key, key;
};

constexpr std::array kRenames = std::to_array<Rename>({
    {"sample", "flock", "chain_batch"},
});

}  // namespace

std::vector<std::string> follow_renames(Tree& root) {
  std::vector<std::string> notes;
  for (const Rename& rename : kRenames) {
    Entry* section = root.find(rename.section);
    if (section == nullptr || section->value.find(rename.key) != nullptr) continue;
    Entry* entry = section->value.find(rename.old_key);
    if (entry == nullptr) continue;
    entry->key = rename.key;
    if (entry->value.kind != Tree::Kind::kNull)
      notes.push_back(join_path(rename.section, rename.old_key) + " is called " +
                      join_path(rename.section, rename.key) + " now");
  }
  return notes;
}

}  // namespace pcnn::config_detail

#include "engine/config/config_state.h"

#include <algorithm>
#include <stdexcept>

#include "engine/config/key_path.h"

namespace pcnn::config_detail {

const Entry* Section::given(std::string_view key) const {
  const Entry* entry = map ? map->find(key) : nullptr;
  return entry && entry->value.kind != Tree::Kind::kNull && !is_left_out(key) ? entry : nullptr;
}

bool Section::is_left_out(std::string_view key) const {
  return std::ranges::find(left_out, key) != left_out.end();
}

const KeyRecord* Section::find_record(std::string_view key) const {
  const auto found = std::ranges::find(asked, key, &KeyRecord::key);
  return found == asked.end() ? nullptr : &*found;
}

KeyRecord& Section::record(std::string_view key, KeyRecord::Kind kind) {
  if (!is_key_path(key)) throw std::logic_error(join_path(path, key) + ": no config can have this key");
  const auto found = std::ranges::find(asked, key, &KeyRecord::key);
  if (found != asked.end()) {
    if (found->kind != kind)
      throw std::logic_error(join_path(path, key) + ": read as a section and as something else");
    return *found;
  }
  asked.push_back(
      {.key = std::string(key), .kind = kind, .description = {}, .in_effect = {}, .sections = {}});
  return asked.back();
}

}  // namespace pcnn::config_detail

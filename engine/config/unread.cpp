#include <algorithm>
#include <optional>
#include <span>

#include "engine/config/config_state.h"
#include "engine/config/nearest.h"
#include "engine/config/other_words.h"

namespace pcnn::config_detail {
namespace {

std::vector<std::string> asked_keys(const Section& section) {
  std::vector<std::string> keys;
  for (const KeyRecord& asked : section.asked) keys.push_back(asked.key);
  return keys;
}

// The path of the first key asked for by this name, in any section.
std::optional<std::string> find_anywhere(const Section& section, std::string_view key) {
  if (section.find_record(key)) return join_path(section.path, key);
  for (const KeyRecord& asked : section.asked)
    for (const auto& child : asked.sections)
      if (auto found = find_anywhere(*child, key)) return found;
  return std::nullopt;
}

std::optional<std::string> known_by_another_name(std::span<const std::string> known, std::string_view key) {
  for (const std::string_view ours : our_words(key))
    if (const auto found = std::ranges::find(known, ours); found != known.end()) return *found;
  return std::nullopt;
}

std::optional<std::string> elsewhere_by_another_name(const Section& root, std::string_view key) {
  for (const std::string_view ours : our_words(key))
    if (auto found = find_anywhere(root, ours)) return found;
  return std::nullopt;
}

std::string help_for(const Section& root, const Section& section, std::string_view key) {
  if (!is_key(key)) return "here a key is one word, write the sections out";
  const std::vector<std::string> known = asked_keys(section);
  const auto did_you_mean = [](const std::string& path) { return "did you mean " + path + "?"; };
  if (const auto ours = known_by_another_name(known, key))
    return did_you_mean(join_path(section.path, *ours));
  if (const auto near = nearest(key, known)) return did_you_mean(join_path(section.path, *near));
  if (const auto elsewhere = find_anywhere(root, key)) return did_you_mean(*elsewhere);
  if (const auto elsewhere = elsewhere_by_another_name(root, key)) return did_you_mean(*elsewhere);
  if (const std::string_view remark = remark_on(key); !remark.empty()) return std::string(remark);
  std::string help = "known here: ";
  if (known.empty()) help += "none";
  for (std::size_t i = 0; i < known.size(); ++i) help += (i == 0 ? "" : ", ") + known[i];
  return help;
}

}  // namespace

void reject_unread(const State& state, const Section& section) {
  if (section.map == nullptr) return;
  for (const Entry& entry : section.map->entries) {
    const KeyRecord* asked = section.find_record(entry.key);
    if (asked == nullptr && section.is_left_out(entry.key)) continue;
    if (asked == nullptr)
      state.source.fail(entry.key_place, join_path(section.path, entry.key),
                        "unknown key; " + help_for(state.root, section, entry.key));
    for (const auto& child : asked->sections) reject_unread(state, *child);
  }
}

void reject_unread(const State& state) {
  reject_unread(state, state.root);
}

}  // namespace pcnn::config_detail

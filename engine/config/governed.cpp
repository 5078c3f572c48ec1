// Keys whose values speak of the value of another one: which of them a higher layer has made meaningless.

#include <algorithm>

#include "engine/config/config.h"
#include "engine/config/config_state.h"
#include "engine/config/scalar.h"
#include "engine/core/text.h"

namespace pcnn {

using config_detail::Entry;
using config_detail::KeyRecord;
using config_detail::LeftOut;
using config_detail::Section;
using config_detail::State;
using config_detail::Tree;

namespace {

// The governor's value as `layer` and those below it have it, as YAML.
std::string value_at(const State& state, const KeyRecord& governor, const Entry* entry, int layer) {
  const auto as_yaml = [&](const Tree& tree) {
    if (tree.kind == Tree::Kind::kNull) return governor.description.fallback;
    return governor.description.type == "choice" ? config_detail::text_as_yaml(tree.text) : tree.text;
  };
  if (entry == nullptr) return governor.in_effect;
  if (state.source.layer_of(entry->value.place) <= layer) return governor.in_effect;
  const std::vector<Tree>& replaced = entry->value.replaced;
  const auto seen = std::find_if(replaced.rbegin(), replaced.rend(), [&](const Tree& tree) {
    return state.source.layer_of(tree.place) <= layer;
  });
  return seen == replaced.rend() ? governor.description.fallback : as_yaml(*seen);
}

void leave_out(State& state, Section& section, const Entry& entry, const std::string& governor,
               const std::string& was) {
  section.left_out.push_back(entry.key);
  if (entry.value.kind == Tree::Kind::kNull) return;  // nothing is lost
  const std::string text =
      config_detail::join_path(section.path, entry.key) + ": " + config_detail::flow_yaml(entry.value);
  const auto same = std::ranges::find_if(
      state.left_out, [&](const LeftOut& other) { return other.governor == governor && other.was == was; });
  if (same == state.left_out.end())
    state.left_out.push_back({.governor = governor, .was = was, .keys = {text}});
  else
    same->keys.push_back(text);
}

}  // namespace

void ConfigNode::governs(std::string_view governor, std::initializer_list<std::string_view> keys,
                         std::initializer_list<std::string_view> alike) const {
  governs(governor, *this, keys, alike);
}

void ConfigNode::governs(std::string_view governor, const ConfigNode& section,
                         std::initializer_list<std::string_view> keys,
                         std::initializer_list<std::string_view> alike) const {
  const auto is_alike = [&](const std::string& value) {
    return std::ranges::find(alike, value) != alike.end();
  };
  const KeyRecord* asked = section_->find_record(governor);
  if (asked == nullptr || asked->kind != KeyRecord::Kind::kValue) return;
  const Entry* chosen = section_->map ? section_->map->find(governor) : nullptr;
  for (const std::string_view key : keys) {
    const Section& of_key = *section.section_;
    const Entry* entry = of_key.map && !of_key.is_left_out(key) ? of_key.map->find(key) : nullptr;
    if (entry == nullptr) continue;
    const std::string was = value_at(*state_, *asked, chosen, state_->source.layer_of(entry->value.place));
    if (was != asked->in_effect && !(is_alike(was) && is_alike(asked->in_effect)))
      leave_out(*state_, *section.section_, *entry, config_detail::join_path(section_->path, governor), was);
  }
}

std::vector<std::string> config_detail::notes(const State& state) {
  std::vector<std::string> notes = state.renamed;
  for (const LeftOut& left_out : state.left_out) {
    std::string keys;
    for (const std::string& key : left_out.keys) keys += (keys.empty() ? "" : ", ") + key;
    const bool is_one = left_out.keys.size() == 1;
    notes.push_back(escape_controls(keys +
                                    (is_one ? " is left out, it belongs" : " are left out, they belong") +
                                    " to " + left_out.governor + ": " + left_out.was));
  }
  return notes;
}

}  // namespace pcnn

// What a section holds, for those who do not know its keys beforehand.

#include <algorithm>

#include "engine/config/config.h"
#include "engine/config/config_state.h"
#include "engine/config/scalar.h"

namespace pcnn {

using config_detail::Entry;
using config_detail::KeyRecord;
using config_detail::Tree;

namespace {

constexpr std::string_view kAcceptedValues = "a list of values, one at least";

// What ends or opens something inside [] and {}, or is no text at all.
bool is_safe_in_flow(std::string_view text) {
  return !text.empty() && text.find_first_of(",[]{}:#\"'\n&*!|>%@`?") == std::string_view::npos;
}

template <typename Items, typename Write>
std::string join(const Items& items, char open, char close, Write write) {
  std::string yaml(1, open);
  for (const auto& item : items) yaml += (yaml.size() == 1 ? "" : ", ") + write(item);
  return yaml + close;
}

}  // namespace

std::string config_detail::flow_yaml(const Tree& value) {
  switch (value.kind) {
    case Tree::Kind::kNull:
      return "null";
    case Tree::Kind::kScalar:
      // Of quoted text, text_as_yaml() leaves the quotes away only where nothing else could be read.
      return !value.quoted && is_safe_in_flow(value.text) ? value.text : text_as_yaml(value.text);
    case Tree::Kind::kList:
      return join(value.items, '[', ']', [](const Tree& item) { return flow_yaml(item); });
    case Tree::Kind::kMap:
      return join(value.entries, '{', '}',
                  [](const Entry& entry) { return entry.key + ": " + flow_yaml(entry.value); });
  }
  return "";
}

std::string yaml_text(std::string_view text) {
  return config_detail::text_as_yaml(text);
}

std::vector<std::string> ConfigNode::given_keys() const {
  std::vector<std::string> keys;
  if (section_->map)
    for (const Entry& entry : section_->map->entries)
      if (!section_->is_left_out(entry.key)) keys.push_back(entry.key);
  return keys;
}

bool ConfigNode::holds_section(std::string_view key) const {
  const Entry* entry = section_->given(key);
  return entry && entry->value.kind == Tree::Kind::kMap;
}

bool ConfigNode::holds_list(std::string_view key) const {
  const Entry* entry = section_->given(key);
  return entry && entry->value.kind == Tree::Kind::kList;
}

bool ConfigNode::holds_integer(std::string_view key) const {
  const Entry* entry = section_->given(key);
  return entry && entry->value.kind == Tree::Kind::kScalar && !entry->value.quoted &&
         config_detail::parse_integer(entry->value.text);
}

std::vector<std::string> ConfigNode::values(std::string_view key) const {
  const Entry* entry = section_->given(key);
  const bool is_list = entry && entry->value.kind == Tree::Kind::kList;
  const bool is_scalar = entry && entry->value.kind == Tree::Kind::kScalar;
  if ((!is_list && !is_scalar) || (is_list && entry->value.items.empty()))
    fail(key, entry ? config_detail::refusal(entry->value, kAcceptedValues)
                    : "found null, accepted: " + std::string(kAcceptedValues));
  std::vector<std::string> values;
  if (is_scalar) values.push_back(config_detail::flow_yaml(entry->value));
  for (const Tree& item : entry->value.items) values.push_back(config_detail::flow_yaml(item));
  KeyRecord& asked = section_->record(key, KeyRecord::Kind::kValue);
  asked.description = {.path = config_detail::join_path(section_->pattern, key),
                       .type = "list of values",
                       .fallback = "null",
                       .accepted = std::string(kAcceptedValues)};
  asked.in_effect = config_detail::flow_yaml(entry->value);
  return values;
}

void ConfigNode::pass_over(std::string_view key) const {
  section_->record(key, KeyRecord::Kind::kPassedOver);
}

void ConfigNode::reject_unread() const {
  config_detail::reject_unread(*state_, *section_);
}

}  // namespace pcnn

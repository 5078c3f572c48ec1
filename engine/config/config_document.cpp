#include <unordered_set>

#include "engine/config/config.h"
#include "engine/config/config_file.h"
#include "engine/config/config_state.h"
#include "engine/config/override.h"
#include "engine/config/renamed.h"
#include "engine/config/yaml_reader.h"

namespace pcnn {

using config_detail::Entry;
using config_detail::KeyRecord;
using config_detail::Place;
using config_detail::Section;
using config_detail::Tree;

namespace {

void collect_keys(const Section& section, std::unordered_set<std::string>& seen,
                  std::vector<ConfigDocument::Key>& keys) {
  for (const KeyRecord& asked : section.asked) {
    if (asked.kind == KeyRecord::Kind::kValue && seen.insert(asked.description.path).second)
      keys.push_back(asked.description);
    for (const auto& child : asked.sections) collect_keys(*child, seen, keys);
  }
}

}  // namespace

ConfigDocument::ConfigDocument(std::shared_ptr<config_detail::State> state) : state_(std::move(state)) {}

ConfigDocument ConfigDocument::from_file(const std::string& path, std::span<const std::string> overrides) {
  return load(config_detail::read_config_text(path), path, overrides, true);
}

ConfigDocument ConfigDocument::from_string(std::string_view yaml, std::string name,
                                           std::span<const std::string> overrides) {
  return load(yaml, std::move(name), overrides, false);
}

ConfigDocument ConfigDocument::load(std::string_view yaml, std::string name,
                                    std::span<const std::string> overrides, bool is_file) {
  if (yaml.size() > config_detail::kMostBytes) config_detail::fail_unreadable(name, "larger than 1 MiB");
  auto state = std::make_shared<config_detail::State>();
  state->source = {std::move(name), {overrides.begin(), overrides.end()}};
  state->tree = config_detail::read_yaml(yaml, state->source);
  const Tree& tree = state->tree;
  config_detail::check_root(tree, state->source);
  if (is_file) config_detail::follow_includes(state->tree, state->source);
  if (state->source.included.empty()) state->text = yaml;
  state->is_empty = tree.entries.empty();
  for (int i = 0; i < static_cast<int>(overrides.size()); ++i)
    config_detail::apply_override(state->tree, state->source, i);
  if (const Entry* include = tree.find(config_detail::kIncludeKey))
    state->source.fail(include->value_place(), config_detail::kIncludeKey,
                       "accepted in a config file only, where names are relative to it");
  state->renamed = config_detail::follow_renames(state->tree, state->source);
  state->root.map = tree.kind == Tree::Kind::kMap ? &tree : nullptr;
  // An error about the document as a whole speaks of the file, whatever was added to it.
  state->root.place = tree.place.override_index >= 0 ? Place{} : tree.place;
  return ConfigDocument(std::move(state));
}

ConfigNode ConfigDocument::root() const {
  return {state_, &state_->root};
}

void ConfigDocument::reject_unread() const {
  config_detail::reject_unread(*state_);
}

std::vector<std::pair<std::string, std::string>> ConfigDocument::values_in_effect() const {
  return config_detail::values_in_effect(state_->root);
}

std::string ConfigDocument::resolved_yaml() const {
  return config_detail::resolved_yaml(state_->root);
}

std::string ConfigDocument::standalone_yaml() const {
  return state_->text ? *state_->text : config_detail::standalone_yaml(*state_);
}

std::vector<std::string> ConfigDocument::notes() const {
  return config_detail::notes(*state_);
}

bool ConfigDocument::is_empty() const {
  return state_->is_empty;
}

const std::string& ConfigDocument::name() const {
  return state_->source.name;
}

ConfigDocument::Key ConfigDocument::include_key() {
  return {.path = std::string(config_detail::kIncludeKey),
          .type = "list of texts",
          .fallback = "null",
          .accepted = std::string(config_detail::kAcceptedInclude)};
}

std::vector<ConfigDocument::Key> ConfigDocument::keys() const {
  std::unordered_set<std::string> seen;
  std::vector<Key> keys;
  collect_keys(state_->root, seen, keys);
  return keys;
}

}  // namespace pcnn

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <unordered_set>

#include "engine/config/config.h"
#include "engine/config/config_state.h"
#include "engine/config/override.h"
#include "engine/config/scalar.h"
#include "engine/config/yaml_reader.h"
#include "engine/core/error.h"

namespace pcnn {

using config_detail::Asked;
using config_detail::Place;
using config_detail::Section;
using config_detail::Tree;

namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

[[noreturn]] void fail_unreadable(const std::string& name, const std::string& why) {
  throw ConfigError(config_detail::escape_controls(name + ": cannot be read: " + why));
}

// C streams: they report a directory, where a C++ stream shows an empty file.
std::string read_file(const std::string& path) {
  const auto fail_with_errno = [&] { fail_unreadable(path, std::generic_category().message(errno)); };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) fail_with_errno();
  // One byte above the limit is enough to see it passed, and a device without end does no harm.
  std::string text(kMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) fail_with_errno();
  return text;
}

void collect_keys(const Section& section, std::unordered_set<std::string>& seen,
                  std::vector<ConfigDocument::Key>& keys) {
  for (const Asked& asked : section.asked) {
    if (asked.kind == Asked::Kind::kValue && seen.insert(asked.description.path).second)
      keys.push_back(asked.description);
    for (const auto& child : asked.sections) collect_keys(*child, seen, keys);
  }
}

}  // namespace

ConfigDocument::ConfigDocument(std::shared_ptr<config_detail::State> state) : state_(std::move(state)) {}

ConfigDocument ConfigDocument::from_file(const std::string& path, std::span<const std::string> overrides) {
  return from_string(read_file(path), path, overrides);
}

ConfigDocument ConfigDocument::from_string(std::string_view yaml, std::string name,
                                           std::span<const std::string> overrides) {
  if (yaml.size() > kMaxBytes) fail_unreadable(name, "larger than 1 MiB");
  auto state = std::make_shared<config_detail::State>();
  state->source = {std::move(name), {overrides.begin(), overrides.end()}};
  state->tree = config_detail::read_yaml(yaml, state->source);
  const Tree& tree = state->tree;
  if (tree.kind != Tree::Kind::kMap && tree.kind != Tree::Kind::kNull)
    state->source.fail(tree.place, "", config_detail::refusal(tree, "`key: value` lines"));
  for (int i = 0; i < static_cast<int>(overrides.size()); ++i)
    config_detail::apply_override(state->tree, state->source, i);
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

std::string ConfigDocument::resolved_yaml() const {
  return config_detail::resolved_yaml(state_->root);
}

std::vector<ConfigDocument::Key> ConfigDocument::keys() const {
  std::unordered_set<std::string> seen;
  std::vector<Key> keys;
  collect_keys(state_->root, seen, keys);
  return keys;
}

}  // namespace pcnn

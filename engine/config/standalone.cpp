// ConfigDocument::standalone_yaml(): a config and the files it includes as one text.

#include <algorithm>

#include "engine/config/config_state.h"

namespace pcnn::config_detail {
namespace {

using Entries = std::vector<const Entry*>;

void collect_left_out(const Section& section, Entries& entries) {
  for (const std::string& key : section.left_out) entries.push_back(section.map->find(key));
  for (const KeyRecord& asked : section.asked)
    for (const auto& child : asked.sections) collect_left_out(*child, entries);
}

void write(const Tree& map, const Entries& left_out, std::size_t indent, std::string& yaml) {
  for (const Entry& entry : map.entries) {
    if (std::ranges::find(left_out, &entry) != left_out.end()) continue;
    yaml.append(indent, ' ').append(entry.key).append(":");
    if (entry.value.kind == Tree::Kind::kMap && !entry.value.entries.empty()) {
      yaml.append("\n");
      write(entry.value, left_out, indent + 2, yaml);
    } else {
      yaml.append(" ").append(flow_yaml(entry.value)).append("\n");
    }
  }
}

}  // namespace

std::string standalone_yaml(const State& state) {
  Entries left_out;
  collect_left_out(state.root, left_out);
  std::string yaml;
  write(state.tree, left_out, 0, yaml);
  return yaml;
}

}  // namespace pcnn::config_detail

#include <algorithm>

#include "engine/config/config_state.h"

namespace pcnn::config_detail {
namespace {

void write_section(const Section& section, std::size_t indent, std::string& yaml);

// Or all that is given in it counts as absent.
bool is_absent(const Section& section) {
  if (section.map == nullptr) return true;
  return !section.map->entries.empty() && std::ranges::all_of(section.map->entries, [&](const Entry& entry) {
    return section.is_left_out(entry.key);
  });
}

// Block list of maps: each map indented, its first line opened by a dash.
void write_sections(const KeyRecord& asked, std::size_t indent, std::string& yaml) {
  for (const auto& section : asked.sections) {
    std::string map;
    write_section(*section, indent + 2, map);
    yaml.append(indent, ' ').append("- ").append(map.empty() ? "{}\n" : map.substr(indent + 2));
  }
}

void write_section(const Section& section, std::size_t indent, std::string& yaml) {
  for (const KeyRecord& asked : section.asked) {
    if (asked.kind == KeyRecord::Kind::kPassedOver) continue;
    std::string below;
    if (asked.kind == KeyRecord::Kind::kSection)
      write_section(*asked.sections.front(), indent + 2, below);
    else if (asked.kind == KeyRecord::Kind::kSections)
      write_sections(asked, indent + 2, below);

    std::string value = asked.in_effect;
    if (asked.kind == KeyRecord::Kind::kSections && below.empty()) value = "[]";
    if (asked.kind == KeyRecord::Kind::kSection && below.empty()) {
      // Absent and without a default to show: writing it would make has() see it.
      if (is_absent(*asked.sections.front())) continue;
      value = "{}";
    }
    yaml.append(indent, ' ').append(asked.key).append(":");
    if (below.empty())
      yaml.append(" ").append(value).append("\n");
    else
      yaml.append("\n").append(below);
  }
}

void add_values(const Section& section, const std::string& under,
                std::vector<std::pair<std::string, std::string>>& values) {
  for (const KeyRecord& asked : section.asked) {
    const std::string path = under + asked.key;
    if (asked.kind == KeyRecord::Kind::kValue) values.emplace_back(path, asked.in_effect);
    for (std::size_t i = 0; i < asked.sections.size(); ++i)
      add_values(*asked.sections[i],
                 asked.kind == KeyRecord::Kind::kSections ? path + "." + std::to_string(i) + "." : path + ".",
                 values);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> values_in_effect(const Section& root) {
  std::vector<std::pair<std::string, std::string>> values;
  add_values(root, "", values);
  return values;
}

std::string resolved_yaml(const Section& root) {
  std::string yaml;
  write_section(root, 0, yaml);
  return yaml;
}

}  // namespace pcnn::config_detail

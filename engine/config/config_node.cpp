#include "engine/config/config.h"
#include "engine/config/config_state.h"

namespace pcnn {

using config_detail::Entry;
using config_detail::join_path;
using config_detail::KeyRecord;
using config_detail::Place;
using config_detail::Section;
using config_detail::Source;
using config_detail::State;
using config_detail::Tree;

namespace {

// The section at `value`, absent where that is nullptr or null.
std::unique_ptr<Section> make_section(const Source& source, const Tree* value, Place place, std::string path,
                                      std::string pattern, std::string_view accepted) {
  const bool is_absent = value == nullptr || value->kind == Tree::Kind::kNull;
  if (!is_absent && value->kind != Tree::Kind::kMap)
    source.fail(place, path, config_detail::refusal(*value, accepted));
  auto section = std::make_unique<Section>();
  section->map = is_absent ? nullptr : value;
  section->path = std::move(path);
  section->pattern = std::move(pattern);
  section->place = place;
  return section;
}

// The sections of the list `entry`, or of the one map it is.
std::vector<std::unique_ptr<Section>> make_list(const Source& source, const Entry* entry,
                                                const std::string& path, const std::string& pattern) {
  std::vector<std::unique_ptr<Section>> sections;
  if (entry == nullptr) return sections;
  if (entry->value.kind != Tree::Kind::kList) {
    sections.push_back(make_section(source, &entry->value, entry->value_place(), path, pattern,
                                    "a section or a list of sections"));
    return sections;
  }
  for (const Tree& item : entry->value.items)
    sections.push_back(make_section(
        source, &item, item.place, path + "[" + std::to_string(sections.size()) + "]", pattern, "a section"));
  return sections;
}

}  // namespace

ConfigNode::ConfigNode(std::shared_ptr<State> state, Section* section)
    : state_(std::move(state)), section_(section) {}

bool ConfigNode::has(std::string_view key) const {
  return section_->given(key) != nullptr;
}

std::string ConfigNode::path() const {
  return section_->path;
}

void ConfigNode::fail(std::string_view key, std::string_view message) const {
  const Entry* entry = section_->map && !section_->is_left_out(key) ? section_->map->find(key) : nullptr;
  state_->source.fail(entry ? entry->value_place() : section_->place, join_path(section_->path, key),
                      message);
}

ConfigNode ConfigNode::section(std::string_view key) const {
  if (!section_->find_record(key)) {
    const Entry* entry = section_->map ? section_->map->find(key) : nullptr;
    auto child = make_section(state_->source, entry ? &entry->value : nullptr,
                              entry ? entry->value_place() : section_->place, join_path(section_->path, key),
                              join_path(section_->pattern, key), "a section");
    section_->record(key, KeyRecord::Kind::kSection).sections.push_back(std::move(child));
  }
  return {state_, section_->record(key, KeyRecord::Kind::kSection).sections.front().get()};
}

std::vector<ConfigNode> ConfigNode::sections(std::string_view key) const {
  if (!section_->find_record(key)) {
    auto children = make_list(state_->source, section_->given(key), join_path(section_->path, key),
                              join_path(section_->pattern, key) + "[]");
    section_->record(key, KeyRecord::Kind::kSections).sections = std::move(children);
  }
  std::vector<ConfigNode> nodes;
  for (const auto& child : section_->record(key, KeyRecord::Kind::kSections).sections)
    nodes.push_back({state_, child.get()});
  return nodes;
}

}  // namespace pcnn

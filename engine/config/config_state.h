#pragma once

// What ConfigDocument and ConfigNode share: the loaded tree, and a second tree of what was asked for.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"
#include "engine/config/tree.h"

namespace pcnn::config_detail {

struct Section;

// One key somebody asked for.
struct KeyRecord {
  enum class Kind { kValue, kSection, kSections, kPassedOver };

  std::string key;
  Kind kind = Kind::kValue;
  ConfigDocument::Key description;                 // kValue
  std::string in_effect;                           // kValue: as YAML
  std::vector<std::unique_ptr<Section>> sections;  // kSection: one; kSections: any number
};

// One section somebody asked for, in the document or not.
struct Section {
  const Tree* map = nullptr;          // nullptr: not in the document
  std::string path;                   // "model.blocks[0]"
  std::string pattern;                // "model.blocks[]"
  Place place;                        // of the section it would be in, where it is absent
  std::vector<KeyRecord> asked;       // in the order of asking, keys unique
  std::vector<std::string> left_out;  // keys of the map that count as absent: see ConfigNode::governs()

  // The entry of `key` unless absent, null or left out.
  [[nodiscard]] const Entry* given(std::string_view key) const;

  [[nodiscard]] bool is_left_out(std::string_view key) const;

  [[nodiscard]] const KeyRecord* find_record(std::string_view key) const;
  // The record of `key`, made where there was none. Throws std::logic_error where it was asked for as another
  // kind.
  KeyRecord& record(std::string_view key, KeyRecord::Kind kind);
};

// Keys left out because a higher layer chose otherwise.
struct LeftOut {
  std::string governor;           // "data.dataset"
  std::string was;                // its value in the layer of the keys, as YAML
  std::vector<std::string> keys;  // "data.directory: data/mnist"
};

struct State {
  Source source;
  Tree tree;  // fixed once `root` is made: sections point into it
  Section root;
  std::optional<std::string> text;  // of the file; none where it includes others
  bool is_empty = false;            // without the overrides
  std::vector<LeftOut> left_out;
  std::vector<std::string> renamed;  // notes on keys of old names
};

// ConfigDocument::notes().
[[nodiscard]] std::vector<std::string> notes(const State& state);
// ConfigDocument::standalone_yaml() where the file includes others.
[[nodiscard]] std::string standalone_yaml(const State& state);

// ConfigDocument::reject_unread().
void reject_unread(const State& state);
// The same for one section and what is in it.
void reject_unread(const State& state, const Section& section);

// ConfigDocument::resolved_yaml().
[[nodiscard]] std::string resolved_yaml(const Section& root);
// ConfigDocument::values_in_effect().
[[nodiscard]] std::vector<std::pair<std::string, std::string>> values_in_effect(const Section& root);

}  // namespace pcnn::config_detail

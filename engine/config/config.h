#pragma once

// Typed reading of a YAML config. A document is loaded whole, overrides are laid over it, and each part of
// the engine asks its own section for the keys it knows. What was asked for is recorded, so that the document
// can then refuse keys nobody knows, write the config in effect, and list every key with its default.
//
// The YAML accepted is the plain part of the language: one document, a map at its root, keys of letters,
// digits, '_' and '-' (or paths of such, for who asks for them), each once per map, nested at most 32 deep.
// Anchors, aliases and merge keys work, within bounds; explicit tags are refused. A null value means "the
// default". At the top of a file, `include: base.yaml` (or a list of names, relative to the file) lays its
// keys over those of other files, section by section.
//
// Every ConfigError is one line:
//   configs/x.yaml:12:9: train.batch: found 0, accepted: an integer >= 1
// with line and column from 1 (column in bytes). For a value given on the command line, `override
// 'train.batch=0'` stands in place of file:line:column.
//
// Asking for one key as two kinds, or with a fallback its own range refuses, is a mistake of ours:
// std::logic_error. Reading records, so a document and its nodes belong to one thread at a time.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/config_range.h"

namespace pcnn {

namespace config_detail {
struct State;
struct Section;
}  // namespace config_detail

// One section (a map) of a document, or a section the document does not have: there every getter gives its
// fallback. A cheap value, which keeps its document alive. Every getter throws ConfigError for a value it
// does not accept.
// One thread at a time for all nodes of a document: reading a key records it.
class ConfigNode {
 public:
  // Whether `key` is given and not null. Does not count as asking for it.
  [[nodiscard]] bool has(std::string_view key) const;

  // The map under `key`; an empty section where it is absent or null.
  [[nodiscard]] ConfigNode section(std::string_view key) const;
  // The maps of the list under `key`, or the one map written in its place; none where it is absent or null.
  [[nodiscard]] std::vector<ConfigNode> sections(std::string_view key) const;

  // Plain decimal digits with an optional sign: not 010, 0x10, 1_000, 5.0, 1e3 or "5".
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback,
                                     ConfigRange accepted = {}) const;
  // nullopt where the key is absent or null.
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::string_view key,
                                                             ConfigRange accepted = {}) const;

  // A plain decimal number, with an exponent or not, that a double can hold: not .inf, .nan, 0x1p3, 1e999 or
  // "0.5".
  [[nodiscard]] double real(std::string_view key, double fallback, ConfigRange accepted = {}) const;
  [[nodiscard]] std::optional<double> optional_real(std::string_view key, ConfigRange accepted = {}) const;

  // How many of some things: an integer, or a fraction of them as a number in (0, 1). `accepted` holds for
  // the integer, and is at least 1. nullopt where the key is absent or null.
  [[nodiscard]] std::optional<double> optional_count_or_fraction(std::string_view key,
                                                                 ConfigRange accepted) const;

  // true or false and no other word.
  [[nodiscard]] bool boolean(std::string_view key, bool fallback) const;

  // A scalar, plain or quoted, as it is written: `010` stays "010". Never empty, unless the fallback is.
  [[nodiscard]] std::string text(std::string_view key, std::string fallback) const;
  // nullopt where the key is absent or null.
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view key) const;

  // A list of integers, maybe empty; one integer counts as a list of one. `accepted` holds for each.
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key, std::vector<std::int64_t> fallback,
                                                   ConfigRange accepted = {}) const;

  // Never empty where it is given; nullopt where the key is absent or null.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> optional_integers(std::string_view key,
                                                                           ConfigRange accepted = {}) const;

  // One of the named values. `fallback` must be among them.
  template <typename T>
  [[nodiscard]] T choice(std::string_view key, T fallback,
                         std::initializer_list<std::pair<std::string_view, T>> names) const;

  // The keys this section holds, in the order of the file, whatever their names. Does not count as asking for
  // them.
  [[nodiscard]] std::vector<std::string> given_keys() const;
  // Whether the value of `key` is a section. Does not count as asking for it.
  [[nodiscard]] bool holds_section(std::string_view key) const;
  // Whether the value of `key` is a list. Does not count as asking for it.
  [[nodiscard]] bool holds_list(std::string_view key) const;
  // Whether the value of `key` is written as integer() reads one. Does not count as asking for it.
  [[nodiscard]] bool holds_integer(std::string_view key) const;
  // A list of values of any kind, each as YAML in one line; a scalar counts as a list of one. Never empty.
  [[nodiscard]] std::vector<std::string> values(std::string_view key) const;

  // Declares that the values of `keys` speak of the value that the layer they are written in has for
  // `governor`. (A file lies over the files it includes, overrides lie over all.) Where a higher layer chose
  // another value, such keys are left out: they count as absent, and ConfigDocument::notes() tells of it. So
  // `data.dataset=fashion-mnist` does not read the directory that a config names for MNIST. Beside values
  // that are all among `alike` the keys mean the same. `governor` must have been read before; where it was
  // not, nothing is left out.
  void governs(std::string_view governor, std::initializer_list<std::string_view> keys,
               std::initializer_list<std::string_view> alike = {}) const;
  // The same for keys of another section.
  void governs(std::string_view governor, const ConfigNode& section,
               std::initializer_list<std::string_view> keys,
               std::initializer_list<std::string_view> alike = {}) const;

  // A key that others read: here neither refused nor part of the config in effect.
  void pass_over(std::string_view key) const;

  // Throws ConfigError for the first key of this section, or of one in it, that nobody has asked for.
  void reject_unread() const;

  // "model.blocks[0]"; "" for the root. One map in place of a list has no index, as in the file:
  // "model.blocks".
  [[nodiscard]] std::string path() const;

  // Throws ConfigError `place: path.key: message` for checks between keys, at the place of `key`, or of this
  // section where the key is absent. An empty key speaks of the section itself.
  [[noreturn]] void fail(std::string_view key, std::string_view message) const;

 private:
  friend class ConfigDocument;
  ConfigNode(std::shared_ptr<config_detail::State> state, config_detail::Section* section);

  // Index into `names` of the name under `key`, `fallback` where it is absent or null.
  [[nodiscard]] std::size_t choose(std::string_view key, std::size_t fallback,
                                   std::span<const std::string_view> names) const;

  std::shared_ptr<config_detail::State> state_;
  config_detail::Section* section_;  // owned by *state_
};

// Text as a YAML value, quoted where it would be read as something else.
[[nodiscard]] std::string yaml_text(std::string_view text);

// A loaded config. Copies share one document and one record of what was asked for.
// One thread at a time.
class ConfigDocument {
 public:
  // Each override is `path=value`, where the path is `train.batch`, `model.blocks.0.repeat` or
  // `model.blocks[0].repeat` and the value is YAML: it replaces what is there, and creates the sections on
  // its way. Later overrides win. Throws ConfigError where the file cannot be read, is over 1 MiB, or it or
  // an override is not as described above.
  static ConfigDocument from_file(const std::string& path, std::span<const std::string> overrides = {});
  // `name` stands for the file in messages.
  static ConfigDocument from_string(std::string_view yaml, std::string name,
                                    std::span<const std::string> overrides = {});

  [[nodiscard]] ConfigNode root() const;

  // Throws ConfigError for the first given key nobody has asked for, with the nearest known key. Call it
  // after all reading is done.
  void reject_unread() const;

  // Every key asked for with its value in effect, in the order of asking, as YAML that loads back to the same
  // values.
  [[nodiscard]] std::string resolved_yaml() const;
  // The same as pairs of path and value, each value as YAML: "model.blocks.0.kernel", "3".
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> values_in_effect() const;

  // The text of the file where it includes no others; else one YAML text of its keys and theirs, without what
  // has been left out. For a document without overrides.
  [[nodiscard]] std::string standalone_yaml() const;

  // A line each for what governs() left out: "data.directory: data/mnist is left out, it belongs to
  // data.dataset: mnist".
  [[nodiscard]] std::vector<std::string> notes() const;

  // Whether the file, and those it includes, hold no key.
  [[nodiscard]] bool is_empty() const;
  // Of the file, as in messages.
  [[nodiscard]] const std::string& name() const;

  struct Key {
    std::string path;      // "train.batch", "model.blocks[].kernel"
    std::string type;      // "integer", "number", "count or fraction", "boolean", "text", "choice", "list of
                           // integers", "list of values", "list of texts"
    std::string fallback;  // as YAML; "null" for none
    std::string accepted;  // as in errors: "an integer >= 1", "one of relu, elu"
    ConfigRange range = {};                 // of numbers, of counts, and of each in a list of integers
    std::vector<std::string> choices = {};  // of a choice
  };
  // `include` of files, which is followed before anybody asks.
  [[nodiscard]] static Key include_key();

  // Every value asked for, each path once as it was first asked for, in the order of asking.
  [[nodiscard]] std::vector<Key> keys() const;

 private:
  explicit ConfigDocument(std::shared_ptr<config_detail::State> state);
  static ConfigDocument load(std::string_view yaml, std::string name, std::span<const std::string> overrides,
                             bool is_file);

  std::shared_ptr<config_detail::State> state_;
};

template <typename T>
T ConfigNode::choice(std::string_view key, T fallback,
                     std::initializer_list<std::pair<std::string_view, T>> names) const {
  std::vector<std::string_view> words;
  std::size_t fallback_index = names.size();
  for (const auto& [word, value] : names) {
    if (value == fallback && fallback_index == names.size()) fallback_index = words.size();
    words.push_back(word);
  }
  return (names.begin() + choose(key, fallback_index, words))->second;
}

}  // namespace pcnn

#pragma once

// A loaded document as plain values, free of the YAML library, with the place of each value for error
// messages.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn::config_detail {

// Where something was written: line and column of the file, or an override of the command line.
struct Place {
  int line = 1;
  int column = 1;           // in bytes
  int override_index = -1;  // >= 0: this override, and line and column mean nothing
};

struct Entry;

struct Tree {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string text;            // kScalar
  bool quoted = false;         // kScalar: also true for block scalars
  std::vector<Tree> items;     // kList
  std::vector<Entry> entries;  // kMap, in file order, keys unique
  Place place;

  // Defined where Entry is complete.
  Tree();
  Tree(Kind kind_of, Place written_at);

  // nullptr where there is no such key, or this is no map.
  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] Entry* find(std::string_view key);
};

struct Entry {
  std::string key;
  Place key_place;
  Tree value;

  // The place an error about the value should name: the scalar itself, and the key for what spans lines.
  [[nodiscard]] Place value_place() const;
};

// Names places: the file and the overrides a document was made of.
struct Source {
  std::string name;
  std::vector<std::string> overrides;

  // `place: path: message` in one line; an empty path is left out.
  [[nodiscard]] std::string error_line(Place place, std::string_view path, std::string_view message) const;

  // Throws ConfigError with that line.
  [[noreturn]] void fail(Place place, std::string_view path, std::string_view message) const;
};

// "train" + "batch" is "train.batch"; "" + "batch" is "batch".
[[nodiscard]] std::string join_path(std::string_view section, std::string_view key);

// At most 64 letters, digits, '_' and '-', a letter or '_' first: so that a path has one reading and a short
// one.
[[nodiscard]] bool is_key(std::string_view text);
inline constexpr std::string_view kAcceptedKeys = "up to 64 letters, digits, _ and -, not a digit first";

// Bounds every recursion over a Tree.
inline constexpr std::size_t kDeepest = 32;

// A value as error messages quote it: 0, "5", null, a list, a section.
[[nodiscard]] std::string found_text(const Tree& value);

// The value as YAML in one line, which reads back as the same value.
[[nodiscard]] std::string flow_yaml(const Tree& value);

// "found 0, accepted: an integer >= 1"
[[nodiscard]] std::string refusal(const Tree& value, std::string_view accepted);

}  // namespace pcnn::config_detail

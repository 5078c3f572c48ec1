#pragma once

// A loaded document as plain values, free of the YAML library, with the place of each value for error
// messages.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn::config_detail {

// Where something was written: line and column of a file, or an override of the command line.
struct Place {
  int line = 1;
  int column = 1;           // in bytes
  int override_index = -1;  // >= 0: this override, and the others mean nothing
  int file = 0;             // 0: the config itself; above: Source::included[file - 1]
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
  std::vector<Tree>
      replaced;  // scalars and nulls of lower layers that this one stands over, the lowest first

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

// Names places: the file, the overrides and the included files a document was made of. These are its layers:
// included files below those that include them, overrides above all, and of two values the higher one counts.
struct Source {
  struct Included {
    std::string name;
    int layer = 0;  // from 0, the lowest
  };

  std::string name;
  std::vector<std::string> overrides;
  std::vector<Included> included{};

  [[nodiscard]] int layer_of(Place place) const;

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

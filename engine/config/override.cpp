#include "engine/config/override.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"
#include "engine/config/key_path.h"
#include "engine/config/layers.h"
#include "engine/config/scalar.h"
#include "engine/config/yaml_reader.h"
#include "engine/core/error.h"
#include "engine/core/shell_word.h"
#include "engine/core/text.h"

namespace pcnn::config_detail {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// A place in the tree and its path in the form messages use.
struct Cursor {
  Tree* tree = nullptr;
  std::string path;
};

class Override {
 public:
  Override(const Source& source, int index) : source_(source), place_{.override_index = index} {}

  void apply(Tree& root) const {
    const std::string_view text = source_.overrides[place_.override_index];
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) fail("", "no '=', accepted: path.key=value");
    const std::string_view path = text.substr(0, equals), value = text.substr(equals + 1);
    const std::vector<PathStep> steps = steps_of(path);
    if (value.find_first_not_of(kSpace) == std::string_view::npos)
      fail(path_of(steps), "no value after '=', write null for the default");
    if (value[value.find_first_not_of(kSpace)] == '&')
      refuse_yaml(value, path_of(steps), "to YAML an anchor");
    Tree tree = read_yaml_value(value, source_, place_, path_of(steps));
    if (ends_in_comment(tree, value, path_of(steps)))
      refuse_yaml(value, path_of(steps), "of which YAML takes # and what follows for a comment");

    Cursor cursor{&root, ""};
    for (std::size_t i = 0; i < steps.size(); ++i)
      cursor = steps[i].is_index ? enter_item(cursor, steps[i].text)
                                 : enter_key(cursor, steps[i].text, i + 1 == steps.size());
    put_over(*cursor.tree, std::move(tree));
  }

 private:
  [[noreturn]] void fail(std::string_view path, std::string_view message) const {
    source_.fail(place_, path, message);
  }

  // What YAML passes over without a word is meant as text in an argument.
  [[noreturn]] void refuse_yaml(std::string_view value, const std::string& path,
                                const std::string& what) const {
    const std::string argument = path + "=" + yaml_text(value);
    fail(path, "found " + shorten(value) + ", " + what + "; as text, in quotes: " + shell_word(argument));
  }

  bool ends_in_comment(const Tree& tree, std::string_view value, const std::string& path) const {
    if (value.find('#') == std::string_view::npos) return false;
    try {
      const Tree longer = read_yaml_value(std::string(value) + "]", source_, place_, path);
      return flow_yaml(longer) == flow_yaml(tree);
    } catch (const ConfigError&) {
      return false;
    }
  }

  std::vector<PathStep> steps_of(std::string_view path) const {
    if (path.empty()) fail("", "no path before '=', accepted: path.key=value");
    std::vector<PathStep> steps;
    for (const std::string_view part : parts_of_path(path)) {
      const std::vector<PathStep> here = steps_of_part(part);
      if (here.empty()) fail_part(part);
      steps.insert(steps.end(), here.begin(), here.end());
    }
    if (steps.size() > kDeepest) fail("", "the path has more than " + std::to_string(kDeepest) + " parts");
    if (steps.front().is_index) fail("", "the path opens with an index, accepted: a key");
    return steps;
  }

  static std::string path_of(const std::vector<PathStep>& steps) {
    std::string path;
    for (const PathStep& step : steps)
      path = step.is_index ? path + "[" + step.text + "]" : join_path(path, step.text);
    return path;
  }

  [[noreturn]] void fail_part(std::string_view part) const {
    fail("", "found \"" + shorten(part) + "\" in the path, accepted: a key (" + std::string(kAcceptedKeys) +
                 ") or an index, as in model.blocks[0]");
  }

  Cursor enter_key(const Cursor& at, const std::string& key, bool is_last) const {
    Tree& tree = *at.tree;
    if (tree.kind == Tree::Kind::kNull) tree = Tree(Tree::Kind::kMap, place_);
    if (tree.kind == Tree::Kind::kList)
      fail(at.path, "found a list, accepted: an index, as in " + at.path + "[0]." + key);
    if (tree.kind != Tree::Kind::kMap) fail(at.path, refusal(tree, "a section"));
    if (Entry* entry = tree.find(key)) {
      // Who last gave the value answers for the key, too.
      if (is_last) entry->key_place = place_;
      return {&entry->value, join_path(at.path, key)};
    }
    tree.entries.push_back({key, place_, Tree(Tree::Kind::kNull, place_)});
    return {&tree.entries.back().value, join_path(at.path, key)};
  }

  Cursor enter_item(const Cursor& at, std::string_view digits) const {
    Tree& tree = *at.tree;
    const std::optional<std::int64_t> index = parse_integer(without_leading_zeros(digits));
    if (tree.kind == Tree::Kind::kMap && index == 0) return at;
    const std::string path = at.path + "[" + shorten(digits) + "]";
    if (tree.kind == Tree::Kind::kNull) fail(path, "nothing to index, " + at.path + " has no value");
    if (tree.kind == Tree::Kind::kScalar) fail(at.path, refusal(tree, "a list"));
    const std::size_t count = tree.kind == Tree::Kind::kMap ? 1 : tree.items.size();
    if (!index || static_cast<std::uint64_t>(*index) >= count) fail(path, out_of_range(count));
    return {&tree.items[static_cast<std::size_t>(*index)], path};
  }

  static std::string_view without_leading_zeros(std::string_view digits) {
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  }

  static std::string out_of_range(std::size_t count) {
    if (count == 0) return "index out of range, the list is empty";
    return "index out of range, accepted: 0" + (count == 1 ? "" : " to " + std::to_string(count - 1));
  }

  const Source& source_;
  Place place_;
};

}  // namespace

void apply_override(Tree& root, const Source& source, int index) {
  Override(source, index).apply(root);
}

}  // namespace pcnn::config_detail

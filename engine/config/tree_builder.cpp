#include "engine/config/tree_builder.h"

#include <algorithm>
#include <utility>

#include "engine/config/key_path.h"
#include "engine/config/layers.h"
#include "engine/config/scalar.h"
#include "engine/config/text_check.h"
#include "engine/core/error.h"
#include "engine/core/text.h"

namespace pcnn::config_detail {
namespace {

Place end_of(std::string_view text) {
  const auto lines = std::ranges::count(text, '\n');
  const std::size_t last_line = text.rfind('\n') + 1;  // 0 where there is no line break
  return {.line = static_cast<int>(lines) + 1, .column = static_cast<int>(text.size() - last_line) + 1};
}

}  // namespace

TreeBuilder::TreeBuilder(const Source& source, std::string_view text, Origin origin)
    : source_(source), text_(text), origin_(std::move(origin)), text_end_(end_of(text)) {}

void TreeBuilder::fail(const YAML::Mark& mark, std::string_view message) const {
  source_.fail(mark.is_null() ? place_of({}) : place_of(mark), refusal_.empty() ? path() : origin_.path,
               message);
}

Tree TreeBuilder::take_root() {
  if (!refusal_.empty()) throw ConfigError(refusal_);
  return std::move(root_);
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (!std::exchange(is_started_, true)) return;
  const auto offset = std::min(static_cast<std::size_t>(mark.pos), text_.size());
  refuse(place_of(mark), text_.substr(offset).starts_with("---")
                             ? "a second document starts here, accepted: one"
                             : "text after the end of the document, is its indentation right?");
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (!refusal_.empty()) return;
  Anchors::Copy copy = anchors_.copy(anchor, kDeepest - depth_);
  if (copy.refusal.empty())
    add(std::move(copy.tree));
  else
    refuse(place_of(mark), copy.refusal);
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  // The mark of an empty value is that of whatever follows it.
  const bool has_key = !open_.empty() && open_.back().has_key;
  add(Tree(Tree::Kind::kNull, has_key ? open_.back().key_place : place_of(mark)), anchor);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  refuse_tag(mark, tag);
  // The library turns these two escapes into single bytes.
  if (!is_utf8(value)) refuse(place_of(mark), "a quoted text with \\_ or \\N, accepted: \\u00A0 or \\u0085");
  Tree scalar(Tree::Kind::kScalar, place_of(mark));
  scalar.text = value;
  scalar.quoted = tag == "!";
  add(std::move(scalar), anchor);
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value) {
  open(mark, tag, anchor, Tree::Kind::kList);
}

void TreeBuilder::OnSequenceEnd() {
  close();
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
  open(mark, tag, anchor, Tree::Kind::kMap);
}

void TreeBuilder::OnMapEnd() {
  close();
}

Place TreeBuilder::place_of(const YAML::Mark& mark) const {
  if (origin_.override_place) return *origin_.override_place;
  Place place{.line = mark.line + 1, .column = mark.column + 1};
  if (std::pair(place.line, place.column) > std::pair(text_end_.line, text_end_.column)) place = text_end_;
  place.file = origin_.file;
  return place;
}

std::string TreeBuilder::path() const {
  std::string result = origin_.path;
  for (const Open& open : open_) {
    if (open.tree.kind == Tree::Kind::kList)
      result += "[" + std::to_string(open.tree.items.size()) + "]";
    else if (open.has_key)
      result = join_path(result, open.key);
  }
  return result;
}

bool TreeBuilder::key_is_next() const {
  return !open_.empty() && open_.back().tree.kind == Tree::Kind::kMap && !open_.back().has_key;
}

void TreeBuilder::open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       Tree::Kind kind) {
  // At once: the parser recurses further than it needs to.
  if (++depth_ > kDeepest) fail(mark, "nested deeper than " + std::to_string(kDeepest) + " levels");
  refuse_tag(mark, tag);
  Tree tree(kind, place_of(mark));
  if (key_is_next()) take_key(tree);
  if (refusal_.empty()) open_.push_back({.tree = std::move(tree), .anchor = anchor});
}

void TreeBuilder::close() {
  --depth_;
  if (!refusal_.empty()) return;
  Tree tree = std::move(open_.back().tree);
  const YAML::anchor_t anchor = open_.back().anchor;
  if (const auto refused = merge_keys(tree)) return refuse(refused->place, refused->message);
  open_.pop_back();
  add(std::move(tree), anchor);
}

void TreeBuilder::add(Tree value, YAML::anchor_t anchor) {
  if (!refusal_.empty()) return;
  if (anchor != 0 && !anchors_.remember(anchor, value))
    return refuse(value.place, std::string(Anchors::kTooMuch));
  if (open_.empty()) {
    root_ = std::move(value);
  } else if (Open& top = open_.back(); top.tree.kind == Tree::Kind::kList) {
    top.tree.items.push_back(std::move(value));
  } else if (!top.has_key) {
    take_key(value);
  } else {
    top.tree.entries.push_back({top.key, top.key_place, std::move(value)});
    top.has_key = false;
  }
}

void TreeBuilder::take_key(const Tree& key) {
  if (!is_merge_key(key) && (key.kind != Tree::Kind::kScalar || !is_key_path(key.text)))
    return refuse(key.place,
                  "found " + found_text(key) + " for a key, accepted: " + std::string(kAcceptedKeys));
  Open& top = open_.back();
  top.has_key = true;
  top.key = key.text;
  top.key_place = key.place;
  const auto [first, is_new] = top.seen.emplace(key.text, key.place);
  if (is_new) return;
  refuse(key.place, origin_.override_place
                        ? "given twice"
                        : "given twice, first on line " + std::to_string(first->second.line));
}

// The library gives "?" to plain values without a tag and "!" to quoted ones.
void TreeBuilder::refuse_tag(const YAML::Mark& mark, const std::string& tag) {
  if (tag != "?" && tag != "!" && !tag.empty())
    refuse(place_of(mark), "tags are not accepted, found " + shorten(tag));
}

void TreeBuilder::refuse(Place place, std::string_view message) {
  if (refusal_.empty()) refusal_ = source_.error_line(place, path(), message);
}

}  // namespace pcnn::config_detail

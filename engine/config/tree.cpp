#include "engine/config/tree.h"

#include <algorithm>

#include "engine/config/scalar.h"
#include "engine/core/error.h"
#include "engine/core/text.h"

namespace pcnn::config_detail {
namespace {

constexpr std::size_t kLongestKey = 64;

}  // namespace

Tree::Tree() = default;

Tree::Tree(Kind kind_of, Place written_at) : kind(kind_of), place(written_at) {}

const Entry* Tree::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

Entry* Tree::find(std::string_view key) {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

Place Entry::value_place() const {
  const bool own_place = value.kind == Tree::Kind::kScalar || value.place.override_index >= 0;
  return own_place ? value.place : key_place;
}

int Source::layer_of(Place place) const {
  const int own = static_cast<int>(included.size());
  if (place.override_index >= 0) return own + 1;
  return place.file == 0 ? own : included[static_cast<std::size_t>(place.file) - 1].layer;
}

std::string Source::error_line(Place place, std::string_view path, std::string_view message) const {
  std::string line;
  if (place.override_index >= 0)
    line = "override '" + shorten(overrides[place.override_index]) + "'";
  else
    line = (place.file == 0 ? name : included[static_cast<std::size_t>(place.file) - 1].name) + ":" +
           std::to_string(place.line) + ":" + std::to_string(place.column);
  line += ": ";
  if (!path.empty()) line.append(path).append(": ");
  line.append(message);
  return escape_controls(line);
}

void Source::fail(Place place, std::string_view path, std::string_view message) const {
  throw ConfigError(error_line(place, path, message));
}

std::string join_path(std::string_view section, std::string_view key) {
  std::string path(section);
  if (!path.empty() && !key.empty()) path += '.';
  return path.append(key);
}

bool is_key(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_rest = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kLongestKey && is_letter(text.front()) &&
         std::ranges::all_of(text, is_rest);
}

std::string found_text(const Tree& value) {
  switch (value.kind) {
    case Tree::Kind::kNull:
      return "null";
    case Tree::Kind::kScalar:
      return value.quoted ? '"' + shorten(value.text) + '"' : shorten(value.text);
    case Tree::Kind::kList:
      return "a list";
    case Tree::Kind::kMap:
      return "a section";
  }
  return "";
}

std::string refusal(const Tree& value, std::string_view accepted) {
  return "found " + found_text(value) + ", accepted: " + std::string(accepted);
}

}  // namespace pcnn::config_detail

// The typed getters of ConfigNode.

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/config/config.h"
#include "engine/config/config_state.h"
#include "engine/config/nearest.h"
#include "engine/config/other_words.h"
#include "engine/config/scalar.h"

namespace pcnn {

using config_detail::Entry;
using config_detail::KeyRecord;
using config_detail::Section;
using config_detail::Source;
using config_detail::Tree;

namespace {

constexpr std::string_view kNoFallback = "null";
constexpr std::string_view kAcceptedText = "text, not empty";
constexpr ConfigRange kFractions = ConfigRange::inside(0.0, 1.0);

// Reads values of one key: what every getter says and records is the same.
class Reader {
 public:
  Reader(const Source& source, Section& section, std::string_view key)
      : source_(source), section_(section), key_(key), entry_(section.given(key)) {}

  const Entry* entry() const { return entry_; }  // nullptr where the fallback holds
  std::string path() const { return config_detail::join_path(section_.path, key_); }

  // The value where it is a scalar, written plain where `plain` asks for it.
  const std::string& scalar(bool plain, std::string_view accepted) const {
    const Tree& value = entry_->value;
    if (value.kind != Tree::Kind::kScalar || (plain && value.quoted)) fail(accepted);
    return value.text;
  }

  [[noreturn]] void fail(std::string_view accepted) const {
    source_.fail(entry_->value_place(), path(), config_detail::refusal(entry_->value, accepted));
  }

  std::int64_t integer(ConfigRange range, std::string_view accepted) const {
    const std::string& text = scalar(true, accepted);
    const auto value = config_detail::parse_integer(text);
    if (!value && !std::isfinite(range.max) && config_detail::is_beyond_64_bits(text))
      fail(std::string(accepted) + " that fits 64 bits");
    if (!value || !range.contains(static_cast<double>(*value))) fail(accepted);
    return *value;
  }

  double real(ConfigRange range, std::string_view accepted) const {
    const auto value = config_detail::parse_real(scalar(true, accepted));
    if (!value || !range.contains(*value)) fail(accepted);
    return *value;
  }

  // An integer in the range, or a number in (0, 1).
  double count_or_fraction(ConfigRange range, std::string_view accepted) const {
    const std::string& text = scalar(true, accepted);
    if (const auto count = config_detail::parse_integer(text);
        count && range.contains(static_cast<double>(*count)))
      return static_cast<double>(*count);
    const auto fraction = config_detail::parse_real(text);
    if (!fraction || !kFractions.contains(*fraction)) fail(accepted);
    return *fraction;
  }

  std::vector<std::int64_t> integers(ConfigRange range, std::string_view accepted) const {
    const std::string accepted_here = std::string(accepted) + ", or a list of them";
    if (entry_->value.kind != Tree::Kind::kList) return {integer(range, accepted_here)};
    std::vector<std::int64_t> values;
    for (const Tree& item : entry_->value.items) {
      const bool plain = item.kind == Tree::Kind::kScalar && !item.quoted;
      const auto value = plain ? config_detail::parse_integer(item.text) : std::nullopt;
      if (!value || !range.contains(static_cast<double>(*value)))
        source_.fail(item.place, path() + "[" + std::to_string(values.size()) + "]",
                     config_detail::refusal(item, accepted));
      values.push_back(*value);
    }
    return values;
  }

  std::string text(std::string_view accepted) const {
    if (scalar(false, accepted).empty()) fail(accepted);
    if (entry_->value.text.find('\0') != std::string::npos) fail("text without NUL, at which names end");
    return entry_->value.text;
  }

  void record(std::string_view type, std::string fallback, std::string accepted, std::string in_effect,
              const ConfigRange& range = {}, std::vector<std::string> choices = {}) const {
    const bool is_new = section_.find_record(key_) == nullptr;
    KeyRecord& asked = section_.record(key_, KeyRecord::Kind::kValue);
    if (!is_new) return;
    asked.description = {.path = config_detail::join_path(section_.pattern, key_),
                         .type = std::string(type),
                         .fallback = std::move(fallback),
                         .accepted = std::move(accepted),
                         .range = range,
                         .choices = std::move(choices)};
    asked.in_effect = std::move(in_effect);
  }

  void expect_fallback(bool is_accepted) const {
    if (!is_accepted) throw std::logic_error(path() + ": the fallback is not among the accepted values");
  }

 private:
  const Source& source_;
  Section& section_;
  std::string_view key_;
  const Entry* entry_;
};

// A text given is never empty, so the empty text stands for none.
std::string text_or_null_as_yaml(std::string_view text) {
  return text.empty() ? std::string(kNoFallback) : config_detail::text_as_yaml(text);
}

// "" where it might be anything.
std::string meant_choice(const std::string& text, std::span<const std::string_view> names) {
  for (const std::string_view ours : config_detail::our_words(text))
    if (std::ranges::find(names, ours) != names.end()) return std::string(ours);
  return config_detail::nearest(text, std::vector<std::string>(names.begin(), names.end())).value_or("");
}

}  // namespace

std::int64_t ConfigNode::integer(std::string_view key, std::int64_t fallback, ConfigRange accepted) const {
  const Reader reader(state_->source, *section_, key);
  reader.expect_fallback(accepted.contains(static_cast<double>(fallback)));
  const std::string description = accepted.describe("an integer");
  const std::int64_t value = reader.entry() ? reader.integer(accepted, description) : fallback;
  reader.record("integer", std::to_string(fallback), description, std::to_string(value), accepted);
  return value;
}

std::optional<std::int64_t> ConfigNode::optional_integer(std::string_view key, ConfigRange accepted) const {
  const Reader reader(state_->source, *section_, key);
  const std::string description = accepted.describe("an integer");
  std::optional<std::int64_t> value;
  if (reader.entry()) value = reader.integer(accepted, description);
  reader.record("integer", std::string(kNoFallback), description,
                value ? std::to_string(*value) : std::string(kNoFallback), accepted);
  return value;
}

double ConfigNode::real(std::string_view key, double fallback, ConfigRange accepted) const {
  const Reader reader(state_->source, *section_, key);
  reader.expect_fallback(std::isfinite(fallback) && accepted.contains(fallback));
  const std::string description = accepted.describe("a number");
  const double value = reader.entry() ? reader.real(accepted, description) : fallback;
  reader.record("number", config_detail::real_as_yaml(fallback), description,
                config_detail::real_as_yaml(value), accepted);
  return value;
}

std::optional<double> ConfigNode::optional_real(std::string_view key, ConfigRange accepted) const {
  const Reader reader(state_->source, *section_, key);
  const std::string description = accepted.describe("a number");
  std::optional<double> value;
  if (reader.entry()) value = reader.real(accepted, description);
  reader.record("number", std::string(kNoFallback), description,
                value ? config_detail::real_as_yaml(*value) : std::string(kNoFallback), accepted);
  return value;
}

std::optional<double> ConfigNode::optional_count_or_fraction(std::string_view key,
                                                             ConfigRange accepted) const {
  const Reader reader(state_->source, *section_, key);
  const std::string description =
      accepted.describe("an integer") + ", or " + kFractions.describe("a fraction");
  std::optional<double> value;
  if (reader.entry()) value = reader.count_or_fraction(accepted, description);
  const auto yaml = [](double amount) {
    return amount < 1.0 ? config_detail::real_as_yaml(amount)
                        : std::to_string(static_cast<std::int64_t>(amount));
  };
  reader.record("count or fraction", std::string(kNoFallback), description,
                value ? yaml(*value) : std::string(kNoFallback), accepted);
  return value;
}

bool ConfigNode::boolean(std::string_view key, bool fallback) const {
  const Reader reader(state_->source, *section_, key);
  constexpr std::string_view kAccepted = "true or false";
  bool value = fallback;
  if (reader.entry()) {
    const std::string& text = reader.scalar(true, kAccepted);
    if (text != "true" && text != "false") reader.fail(kAccepted);
    value = text == "true";
  }
  const auto name = [](bool b) { return std::string(b ? "true" : "false"); };
  reader.record("boolean", name(fallback), std::string(kAccepted), name(value));
  return value;
}

std::string ConfigNode::text(std::string_view key, std::string fallback) const {
  const Reader reader(state_->source, *section_, key);
  std::string fallback_yaml = text_or_null_as_yaml(fallback);
  std::string value = reader.entry() ? reader.text(kAcceptedText) : std::move(fallback);
  reader.record("text", std::move(fallback_yaml), std::string(kAcceptedText), text_or_null_as_yaml(value));
  return value;
}

std::optional<std::string> ConfigNode::optional_text(std::string_view key) const {
  std::string value = text(key, "");
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

std::vector<std::int64_t> ConfigNode::integers(std::string_view key, std::vector<std::int64_t> fallback,
                                               ConfigRange accepted) const {
  const Reader reader(state_->source, *section_, key);
  reader.expect_fallback(std::ranges::all_of(
      fallback, [&](std::int64_t value) { return accepted.contains(static_cast<double>(value)); }));
  const std::string description = accepted.describe("an integer");
  std::string fallback_yaml = config_detail::integers_as_yaml(fallback);
  std::vector<std::int64_t> values =
      reader.entry() ? reader.integers(accepted, description) : std::move(fallback);
  reader.record("list of integers", std::move(fallback_yaml), description,
                config_detail::integers_as_yaml(values), accepted);
  return values;
}

std::optional<std::vector<std::int64_t>> ConfigNode::optional_integers(std::string_view key,
                                                                       ConfigRange accepted) const {
  const Reader reader(state_->source, *section_, key);
  const std::string description = accepted.describe("an integer");
  std::optional<std::vector<std::int64_t>> values;
  if (reader.entry()) values = reader.integers(accepted, description);
  if (values && values->empty()) reader.fail(description + ", or a list of them, not empty");
  reader.record("list of integers", std::string(kNoFallback), description,
                values ? config_detail::integers_as_yaml(*values) : std::string(kNoFallback), accepted);
  return values;
}

std::size_t ConfigNode::choose(std::string_view key, std::size_t fallback,
                               std::span<const std::string_view> names) const {
  const Reader reader(state_->source, *section_, key);
  reader.expect_fallback(fallback < names.size());
  std::string accepted = "one of ";
  for (const std::string_view name : names) accepted.append(name == names.front() ? "" : ", ").append(name);
  std::size_t index = fallback;
  if (reader.entry()) {
    const std::string& text = reader.scalar(false, accepted);
    index = static_cast<std::size_t>(std::ranges::find(names, text) - names.begin());
    if (index == names.size()) {
      const std::string meant = meant_choice(text, names);
      reader.fail(meant.empty() ? accepted : accepted + "; did you mean " + meant + "?");
    }
  }
  reader.record("choice", config_detail::text_as_yaml(names[fallback]), accepted,
                config_detail::text_as_yaml(names[index]), {}, {names.begin(), names.end()});
  return index;
}

}  // namespace pcnn

#include "engine/config/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

namespace pcnn::config_detail {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits `text` starts with, and says how many there were.
std::size_t skip_digits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const auto count = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(count);
  return count;
}

bool skip_any_of(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// 010 is eight to YAML 1.1 and ten to most readers: neither is right.
bool has_leading_zero(std::string_view digits) {
  return digits.size() > 1 && digits[0] == '0' && is_digit(digits[1]);
}

bool is_integer(std::string_view text) {
  skip_any_of(text, "+-");
  return !text.empty() && !has_leading_zero(text) && std::ranges::all_of(text, is_digit);
}

bool is_decimal(std::string_view text) {
  skip_any_of(text, "+-");
  if (has_leading_zero(text)) return false;
  std::size_t digits = skip_digits(text);
  if (skip_any_of(text, ".")) digits += skip_digits(text);
  if (digits == 0) return false;
  if (skip_any_of(text, "eE")) {
    skip_any_of(text, "+-");
    if (skip_digits(text) == 0) return false;
  }
  return text.empty();
}

// from_chars() does not know a plus sign.
std::string_view without_plus(std::string_view text) {
  return text.starts_with('+') ? text.substr(1) : text;
}

template <typename T>
std::optional<T> from_text(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string hex_escape(char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

struct Escape {
  std::string text{};
  std::size_t bytes = 0;  // of UTF-8 that it stands for; 0: of none
};

// What YAML 1.1 calls unprintable, or takes for a line break, beyond ASCII, where `text` starts with it.
Escape escape_of_unprintable(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOthers{{{"\u2028", "\\u2028"},
                                                                                  {"\u2029", "\\u2029"},
                                                                                  {"\uFEFF", "\\uFEFF"},
                                                                                  {"\uFFFE", "\\uFFFE"},
                                                                                  {"\uFFFF", "\\uFFFF"}}};
  if (text.size() >= 2 && text[0] == '\xC2' && (static_cast<unsigned char>(text[1]) & 0xE0) == 0x80)
    return {"\\u00" + hex_escape(text[1]).substr(2), 2};
  for (const auto& [character, escape] : kOthers)
    if (text.starts_with(character)) return {std::string(escape), character.size()};
  return {};
}

// Words some YAML reader takes for something else than text.
bool is_reserved(std::string_view text) {
  constexpr std::array<std::string_view, 12> kWords = {"null", "true", "false", "yes", "no",   "on",
                                                       "off",  "y",    "n",     "nan", ".nan", ".inf"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return std::ranges::find(kWords, lower) != kWords.end();
}

bool is_plain_text(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_plain = [&](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+';
  };
  const auto may_open = [&](char c) { return is_letter(c) || c == '_' || c == '/'; };
  return !text.empty() && may_open(text.front()) && std::ranges::all_of(text, is_plain) && !is_reserved(text);
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (!is_integer(text)) return std::nullopt;
  return from_text<std::int64_t>(without_plus(text));
}

bool is_beyond_64_bits(std::string_view text) {
  return is_integer(text) && !parse_integer(text);
}

std::optional<double> parse_real(std::string_view text) {
  if (!is_decimal(text)) return std::nullopt;
  return from_text<double>(without_plus(text));
}

std::string real_text(double value) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end};
}

std::string real_as_yaml(double value) {
  std::string text = real_text(value);
  const std::size_t exponent = text.find('e');
  // To YAML 1.1, 1e-07 is text: a number with an exponent has a point, and its exponent a sign.
  if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
  return text;
}

std::string text_as_yaml(std::string_view text) {
  if (is_plain_text(text)) return std::string(text);
  std::string yaml = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      yaml.append({'\\', c});
    } else if (is_control(c)) {
      yaml += hex_escape(c);
    } else if (const Escape escape = escape_of_unprintable(text.substr(i)); escape.bytes > 0) {
      yaml += escape.text;
      i += escape.bytes - 1;
    } else {
      yaml += c;
    }
  }
  return yaml + '"';
}

std::string integers_as_yaml(const std::vector<std::int64_t>& values) {
  std::string yaml = "[";
  for (std::size_t i = 0; i < values.size(); ++i) yaml += (i == 0 ? "" : ", ") + std::to_string(values[i]);
  return yaml + "]";
}

}  // namespace pcnn::config_detail

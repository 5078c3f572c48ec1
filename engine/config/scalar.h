#pragma once

// The text of scalars: strict reading of numbers, and writing values back as YAML.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn::config_detail {

// [+-]? (0 | [1-9][0-9]*) within 64 bits, the whole text; else nullopt.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

// Whether it is such an integer, but for the 64 bits.
[[nodiscard]] bool is_beyond_64_bits(std::string_view text);

// A decimal number, the whole text, with no leading zeros and finite in a double (nor rounded to zero); else
// nullopt.
[[nodiscard]] std::optional<double> parse_real(std::string_view text);

// The shortest digits that read back as the same value, for people: 1e-07.
[[nodiscard]] std::string real_text(double value);

// YAML which every reader, of YAML 1.1 or 1.2, reads back as the same value: 1.0e-07.
[[nodiscard]] std::string real_as_yaml(double value);
[[nodiscard]] std::string text_as_yaml(std::string_view text);
[[nodiscard]] std::string integers_as_yaml(const std::vector<std::int64_t>& values);

}  // namespace pcnn::config_detail

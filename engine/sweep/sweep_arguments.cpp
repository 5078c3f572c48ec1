#include "engine/sweep/sweep_arguments.h"

#include <algorithm>

#include "engine/config/renamed.h"
#include "engine/core/error.h"

namespace pcnn {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string path_of(const std::string& argument) {
  return argument.substr(0, argument.find('='));
}

}  // namespace

std::vector<std::string> SweepArguments::fixed_paths() const {
  std::vector<std::string> paths;
  std::ranges::transform(fixed, std::back_inserter(paths), path_of);
  return paths;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ',' && depth == 0 && quote == 0) {
      parts.emplace_back();
      continue;
    }
    parts.back() += c;
    if (quote != 0) {
      if (c == '\\' && quote == '"' && i + 1 < text.size())
        parts.back() += text[++i];
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  std::ranges::transform(parts, parts.begin(), trimmed);
  return parts;
}

SweepArguments split_arguments(const std::vector<std::string>& arguments) {
  SweepArguments result;
  std::vector<std::string> seen;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos)
      throw ConfigError("override '" + argument +
                        "': no '=', accepted: key=value, or key=a,b,c to sweep over");
    const std::string path = path_of(argument);
    const std::string key = config_detail::current_path(path);
    if (std::ranges::find(seen, key) != seen.end())
      throw ConfigError("override '" + argument + "': " + key + " is given twice" +
                        (key == path ? "" : " (" + path + " is its old name)") + "; a sweep's list is " +
                        key + "=a,b,c");
    seen.push_back(key);
    const std::vector<std::string> values = split_at_commas(argument.substr(equals + 1));
    if (values.size() == 1) {
      result.fixed.push_back(argument);
      continue;
    }
    if (std::ranges::find(values, "") != values.end())
      throw ConfigError("override '" + argument + "': a comma without a value beside it");
    result.swept.push_back({.path = path, .values = values, .range = {}});
  }
  return result;
}

}  // namespace pcnn

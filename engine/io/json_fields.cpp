#include "engine/io/json_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace pcnn {

using Json = nlohmann::json;

std::string json_shown(const Json& value) {
  if (value.is_string()) return "\"" + shorten(value.get_ref<const std::string&>()) + "\"";
  if (value.is_object()) return "an object";
  return value.is_array() ? "a list" : value.dump();
}

Json parse_json(const std::string& path, std::string_view text, const std::string& part) {
  const std::string where = part.empty() ? "" : part + ": ";
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw FormatError(path, part.empty() && error.byte > 0 ? error.byte - 1 : 0, where + "not JSON");
  } catch (const Json::exception&) {
    throw FormatError(path, 0, where + "holds a number that is out of range");
  }
}

JsonFields::JsonFields(std::string path, const Json& json, std::string name, std::uint64_t byte)
    : path_(std::move(path)), name_(std::move(name)), byte_(byte), json_(json) {
  if (!json.is_object())
    throw FormatError(
        path_, byte_,
        fmt::format("{}found {}, accepted: an object", name_.empty() ? "" : name_ + ": ", json_shown(json)));
}

std::string JsonFields::name_of(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

void JsonFields::refuse(const std::string& key, const std::string& accepted) const {
  const auto found = json_.find(key);
  throw FormatError(path_, byte_,
                    fmt::format("{}: found {}, accepted: {}", name_of(key),
                                found == json_.end() ? "nothing" : json_shown(*found), accepted));
}

bool JsonFields::has(const char* key) const {
  return json_.contains(key);
}

bool JsonFields::is_null(const char* key) const {
  return has(key) && json_.at(key).is_null();
}

std::int64_t JsonFields::whole(const char* key, std::int64_t least, std::int64_t most) const {
  const auto found = json_.find(key);
  if (found != json_.end() && found->is_number_integer()) {
    // Above what is signed, a number is stored without a sign.
    const bool fits =
        !found->is_number_unsigned() || std::in_range<std::int64_t>(found->get<std::uint64_t>());
    if (fits && found->get<std::int64_t>() >= least && found->get<std::int64_t>() <= most)
      return found->get<std::int64_t>();
  }
  refuse(key, fmt::format("a whole number from {} to {}", least, most));
}

double JsonFields::real(const char* key, double least, double most) const {
  const auto found = json_.find(key);
  if (found != json_.end() && found->is_number())
    if (const auto value = found->get<double>(); value >= least && value <= most) return value;
  refuse(key, fmt::format("a number from {} to {}", least, most));
}

bool JsonFields::boolean(const char* key, bool fallback) const {
  const auto found = json_.find(key);
  if (found == json_.end()) return fallback;
  if (!found->is_boolean()) refuse(key, "true or false");
  return found->get<bool>();
}

std::string JsonFields::text(const char* key) const {
  const auto found = json_.find(key);
  if (found == json_.end() || !found->is_string()) refuse(key, "text");
  return found->get<std::string>();
}

std::string JsonFields::text(const char* key, std::string fallback) const {
  return has(key) ? text(key) : std::move(fallback);
}

JsonFields JsonFields::object(const char* key) const {
  const auto found = json_.find(key);
  if (found == json_.end()) refuse(key, "an object");
  return {path_, *found, name_of(key), byte_};
}

std::vector<JsonFields> JsonFields::objects(const char* key) const {
  const auto found = json_.find(key);
  if (found == json_.end() || !found->is_array()) refuse(key, "a list of objects");
  std::vector<JsonFields> all;
  for (std::size_t i = 0; i < found->size(); ++i)
    all.emplace_back(path_, (*found)[i], fmt::format("{}[{}]", name_of(key), i), byte_);
  return all;
}

std::vector<std::pair<std::string, std::string>> JsonFields::texts() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [key, value] : json_.items()) {
    if (!value.is_string()) refuse(key, "text");
    all.emplace_back(key, value.get<std::string>());
  }
  return all;
}

}  // namespace pcnn

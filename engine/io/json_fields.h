#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pcnn {

// The text of a file, or of its part of this name, as JSON. Throws FormatError.
[[nodiscard]] nlohmann::json parse_json(const std::string& path, std::string_view text,
                                        const std::string& part = {});

// A value for messages, short whatever it is: a list may be as long as the file.
[[nodiscard]] std::string json_shown(const nlohmann::json& value);

// Members of a JSON object from a file, each checked before it is believed. What is refused throws
// FormatError with the path, the member's name from the root of the file, what was found and what is
// accepted: "PATH: byte 0: progress.step: found -1, accepted: a whole number from 0 to 1000000000000". May be
// used from several threads.
class JsonFields {
 public:
  // name: of the object, for messages; empty for the root. byte: where the root begins in the file. `json`
  // must outlive this. Throws FormatError where it is no object.
  JsonFields(std::string path, const nlohmann::json& json, std::string name = {}, std::uint64_t byte = 0);

  [[nodiscard]] bool has(const char* key) const;
  [[nodiscard]] bool is_null(const char* key) const;
  // A whole number, written as one: 5 and not 5.0.
  [[nodiscard]] std::int64_t whole(const char* key, std::int64_t least, std::int64_t most) const;
  // Any finite number in the range.
  [[nodiscard]] double real(const char* key, double least, double most) const;
  [[nodiscard]] bool boolean(const char* key, bool fallback) const;
  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] std::string text(const char* key, std::string fallback) const;
  [[nodiscard]] JsonFields object(const char* key) const;
  // A list of objects.
  [[nodiscard]] std::vector<JsonFields> objects(const char* key) const;
  // The texts of an object of texts, by key, in the order of their keys.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> texts() const;

  // Throws FormatError for the member.
  [[noreturn]] void refuse(const std::string& key, const std::string& accepted) const;

 private:
  [[nodiscard]] std::string name_of(const std::string& key) const;

  std::string path_, name_;
  std::uint64_t byte_;
  const nlohmann::json& json_;
};

}  // namespace pcnn

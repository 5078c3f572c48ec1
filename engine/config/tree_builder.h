#pragma once

// Builds a Tree from the YAML parser's events. Reading events, and not the library's own nodes, is what shows
// duplicate keys and quotes, and keeps aliases from multiplying. For yaml_reader.cpp only.

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/config/anchors.h"
#include "engine/config/tree.h"

namespace pcnn::config_detail {

// Where the text being read comes from: a file (its number as in Place), or else the override that gives
// `path` its value.
struct Origin {
  std::optional<Place> override_place{};
  std::string path{};
  int file = 0;
};

// Of one parse; one thread.
class TreeBuilder : public YAML::EventHandler {
 public:
  // `text` is what is parsed, without what the reader adds at its end; it and `source` outlive the builder.
  TreeBuilder(const Source& source, std::string_view text, Origin origin);

  // Throws ConfigError for a syntax error at `mark`.
  [[noreturn]] void fail(const YAML::Mark& mark, std::string_view message) const;

  // The document read. Throws ConfigError for what it has and configs do not use.
  [[nodiscard]] Tree take_root();

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

 private:
  // A list or map whose end is still to come, and for a map the key whose value is.
  struct Open {
    Tree tree{};
    YAML::anchor_t anchor = 0;  // 0: none
    bool has_key = false;
    std::string key{};
    Place key_place{};
    std::unordered_map<std::string, Place> seen{};
  };

  [[nodiscard]] Place place_of(const YAML::Mark& mark) const;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] bool key_is_next() const;

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Tree::Kind kind);
  void close();
  void add(Tree value, YAML::anchor_t anchor = 0);
  void take_key(const Tree& key);
  void refuse_tag(const YAML::Mark& mark, const std::string& tag);
  void refuse(Place place, std::string_view message);

  const Source& source_;
  std::string_view text_;
  Origin origin_;
  Place text_end_;
  std::vector<Open> open_;
  std::size_t depth_ = 0;
  Tree root_;
  Anchors anchors_;
  bool is_started_ = false;
  // The first refusal; events after it are ignored. It is thrown at the end and not at once, because a
  // bracket that is never closed first shows as an odd key, and only then as the syntax error it is.
  std::string refusal_;
};

}  // namespace pcnn::config_detail

#include "engine/sweep/config_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/run/run_config.h"
#include "engine/sweep/sweep_config.h"

namespace pcnn {
namespace {

using Json = nlohmann::ordered_json;
using Key = ConfigDocument::Key;

// Between them these choose every kind of everything.
constexpr std::array kRuns{
    "",
    "model: {activation: elu, blocks: [{kind: residual}, {kind: masked_conv}, {kind: gated}]}",
    "model: {blocks: [{kind: row_lstm}, {kind: diagonal_lstm}, {kind: attention}]}",
    "model: {activation: leaky_relu, blocks: {kind: residual}}",
    "model: {head: softmax}",
    "model: {head: logistic_mixture}",
    "data: {binarisation: bernoulli_fixed, validation_choice: seeded}",
    "data: {train_on: test}",
    "data: {dataset: npy, directory: d, quantised: true}",
    "data: {dataset: png, directory: d}",
    "data: {dataset: idx, directory: d}",
    "data: {colour: true}",
    "{data: {dataset: npy, directory: d, condition: true}, model: {condition: {map: {channels: 1}}}}",
    "train: {optimiser: adam}",
    "train: {optimiser: adamw, schedule: {kind: warmup_cosine}}",
    "train: {optimiser: sgd, momentum: 0.9, schedule: {kind: step, every_epochs: 1}}",
    "train: {optimiser: muon}",
    "train: {steps: 5}",
    "train: {checkpoint_every: {steps: 5}}",
};
constexpr const char* kAnyPath = "any";
constexpr std::array kSweeps{
    "sweep: {parameters: {any: {min: 1, max: 2, count: 2}}}",
    "sweep: {method: random, parameters: {any: {min: 1, max: 2}}}",
    "sweep: {parameters: {any: [1]}}",
};

void merge(const Key& key, std::vector<Key>& all) {
  const auto same = std::ranges::find(all, key.path, &Key::path);
  if (same == all.end()) {
    all.push_back(key);
    return;
  }
  const auto widen = [](double& bound, bool& open, double other, bool other_open, bool lower) {
    if (other == bound) open = open && other_open;
    if (lower ? other < bound : other > bound) bound = other, open = other_open;
  };
  widen(same->range.min, same->range.min_open, key.range.min, key.range.min_open, true);
  widen(same->range.max, same->range.max_open, key.range.max, key.range.max_open, false);
  for (const std::string& choice : key.choices)
    if (std::ranges::find(same->choices, choice) == same->choices.end()) same->choices.push_back(choice);
}

// YAML of a default as JSON: numbers and words as they are, the rest as text.
Json json_of(const std::string& yaml) {
  const Json parsed = Json::parse(yaml, nullptr, false);
  return parsed.is_discarded() ? Json(yaml) : parsed;
}

void add_bounds(const ConfigRange& range, bool whole, Json& schema) {
  const auto number = [&](double bound) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    if (!whole) return Json(bound);
    return Json(bound < static_cast<double>(kMost) ? std::llround(bound) : kMost);
  };
  if (std::isfinite(range.min)) schema[range.min_open ? "exclusiveMinimum" : "minimum"] = number(range.min);
  if (std::isfinite(range.max)) schema[range.max_open ? "exclusiveMaximum" : "maximum"] = number(range.max);
}

// What a value other than null must be.
Json value_schema(const Key& key) {
  Json schema;
  if (key.type == "integer" || key.type == "number") {
    schema["type"] = key.type;
    add_bounds(key.range, key.type == "integer", schema);
  } else if (key.type == "count or fraction") {
    Json count{{"type", "integer"}};
    add_bounds(key.range, true, count);
    schema["anyOf"] = {count, Json{{"type", "number"}, {"exclusiveMinimum", 0}, {"exclusiveMaximum", 1}}};
  } else if (key.type == "boolean") {
    schema["type"] = "boolean";
  } else if (key.type == "choice") {
    schema["enum"] = key.choices;
  } else if (key.type == "list of integers") {
    Json item{{"type", "integer"}};
    add_bounds(key.range, true, item);
    schema["anyOf"] = {item, Json{{"type", "array"}, {"items", item}}};
  } else if (key.type == "list of texts") {
    const Json text{{"type", "string"}};
    schema["anyOf"] = {text, Json{{"type", "array"}, {"items", text}}};
  } else if (key.type == "list of values") {
    schema["anyOf"] = {Json{{"type", "array"}, {"minItems", 1}},
                       Json{{"type", {"string", "number", "boolean"}}}};
  } else {  // text: any scalar as it is written
    schema["type"] = {"string", "number", "boolean"};
  }
  return schema;
}

Json or_null(Json schema) {
  Json any = Json::array();
  if (schema.contains("anyOf"))
    any = schema["anyOf"];
  else
    any.push_back(std::move(schema));
  any.push_back({{"type", "null"}});
  return any;
}

// A section, or a value.
struct KeyNode {
  std::string name;
  bool is_list = false;  // of sections
  const Key* key = nullptr;
  std::vector<KeyNode> children;

  KeyNode& child(std::string_view child_name) {
    const bool list = child_name.ends_with("[]");
    const std::string_view bare = list ? child_name.substr(0, child_name.size() - 2) : child_name;
    const auto found = std::ranges::find(children, bare, &KeyNode::name);
    if (found != children.end()) return *found;
    return children.emplace_back(KeyNode{.name = std::string(bare), .is_list = list});
  }
};

Json schema_of(const KeyNode& node) {
  Json section;
  if (!node.children.empty()) {
    section = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
    for (const KeyNode& child : node.children) {
      if (child.name == "*")
        section["additionalProperties"] = schema_of(child);
      else
        section["properties"][child.name] = schema_of(child);
    }
    if (!node.key)
      return node.is_list
                 ? Json{{"anyOf",
                         or_null({{"anyOf", {Json{{"type", "array"}, {"items", section}}, section}}})}}
                 : Json{{"anyOf", or_null(section)}};
  }
  Json schema{{"description", "accepted: " + node.key->accepted}, {"default", json_of(node.key->fallback)}};
  Json any = or_null(value_schema(*node.key));
  if (!section.is_null()) any.push_back(section);
  schema["anyOf"] = std::move(any);
  return schema;
}

}  // namespace

std::vector<ConfigDocument::Key> all_config_keys() {
  std::vector<Key> all;
  for (const char* yaml : kRuns) {
    const ConfigDocument document = ConfigDocument::from_string(yaml, "kinds");
    (void)read_run_config(document, "");
    for (const Key& key : document.keys()) merge(key, all);
  }
  const std::string parameter = std::string("sweep.parameters.") + kAnyPath;
  for (const char* yaml : kSweeps) {
    const ConfigDocument document = ConfigDocument::from_string(yaml, "kinds");
    (void)read_sweep_config(document.root().section("sweep"));
    for (Key key : document.keys()) {
      if (key.path.starts_with(parameter))
        key.path.replace(parameter.size() - std::string_view(kAnyPath).size(),
                         std::string_view(kAnyPath).size(), "*");
      merge(key, all);
    }
  }
  return all;
}

std::string config_schema() {
  std::vector<Key> keys = all_config_keys();
  keys.insert(keys.begin(), ConfigDocument::include_key());
  KeyNode root;
  for (const Key& key : keys) {
    KeyNode* node = &root;
    for (std::size_t start = 0; start <= key.path.size();) {
      const std::size_t end = std::min(key.path.find('.', start), key.path.size());
      node = &node->child(std::string_view(key.path).substr(start, end - start));
      start = end + 1;
    }
    node->key = &key;
  }
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "A config of pcnn"}};
  const Json section = schema_of(root)["anyOf"][0];
  schema.update(section);
  return schema.dump(2) + "\n";
}

std::string config_key_lines() {
  std::string lines;
  for (const Key& key : all_config_keys()) {
    if (key.path.starts_with("sweep.parameters")) continue;
    std::string path = key.path;
    for (std::size_t at; (at = path.find("[]")) != std::string::npos;) path.replace(at, 2, ".0");
    std::string values;
    for (const std::string& choice : key.choices) values += (values.empty() ? "" : " ") + choice;
    if (key.type == "boolean") values = "false true";
    lines += path + (values.empty() ? "" : "\t" + values) + "\n";
  }
  return lines;
}

}  // namespace pcnn

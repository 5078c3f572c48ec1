// The schema, the parser and configs/reference.yaml say the same.

#include "engine/sweep/config_schema.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/config/scalar.h"
#include "engine/config/yaml_reader.h"
#include "engine/io/file.h"
#include "engine/run/run_config.h"
#include "engine/sweep/sweep_plan.h"
#include "tests/config/config_error.h"
#include "tests/support/source_directory.h"

namespace pcnn {
namespace {

using Json = nlohmann::json;
using config_detail::Tree;

const std::string kConfigs = testing::source_directory() + "/configs/";

// As editors read YAML.
Json json_of(const Tree& tree) {
  switch (tree.kind) {
    case Tree::Kind::kNull:
      return nullptr;
    case Tree::Kind::kList: {
      Json list = Json::array();
      for (const Tree& item : tree.items) list.push_back(json_of(item));
      return list;
    }
    case Tree::Kind::kMap: {
      Json map = Json::object();
      for (const config_detail::Entry& entry : tree.entries) map[entry.key] = json_of(entry.value);
      return map;
    }
    case Tree::Kind::kScalar:
      break;
  }
  if (tree.quoted) return tree.text;
  if (const auto integer = config_detail::parse_integer(tree.text)) return *integer;
  if (const auto real = config_detail::parse_real(tree.text)) return *real;
  if (tree.text == "true" || tree.text == "false") return tree.text == "true";
  return tree.text;
}

Json read(const std::string& yaml) {
  return json_of(config_detail::read_yaml(yaml, {"x.yaml", {}}));
}

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "array") return value.is_array();
  return type == value.type_name();
}

// What of draft-07 the schema uses; another word is a failure.
bool accepts(const Json& schema, const Json& value) {
  if (schema.is_boolean()) return schema.get<bool>();
  const auto any = [](const Json& list, auto&& holds) {
    return std::any_of(list.begin(), list.end(), holds);
  };
  for (const auto& [word, rule] : schema.items()) {
    bool holds = true;
    if (word == "type")
      holds = any(rule.is_array() ? rule : Json::array({rule}),
                  [&](const Json& type) { return is_of_type(value, type); });
    else if (word == "enum")
      holds = any(rule, [&](const Json& choice) { return choice == value; });
    else if (word == "anyOf")
      holds = any(rule, [&](const Json& choice) { return accepts(choice, value); });
    else if (word == "minimum")
      holds = !value.is_number() || value.get<double>() >= rule.get<double>();
    else if (word == "maximum")
      holds = !value.is_number() || value.get<double>() <= rule.get<double>();
    else if (word == "exclusiveMinimum")
      holds = !value.is_number() || value.get<double>() > rule.get<double>();
    else if (word == "exclusiveMaximum")
      holds = !value.is_number() || value.get<double>() < rule.get<double>();
    else if (word == "minItems")
      holds = !value.is_array() || value.size() >= rule.get<std::size_t>();
    else if (word == "items")
      holds = !value.is_array() ||
              std::ranges::all_of(value, [&](const Json& item) { return accepts(rule, item); });
    else if (word == "additionalProperties") {
      if (value.is_object())
        for (const auto& [key, item] : value.items())
          holds = holds && (schema.value("properties", Json::object()).contains(key) || accepts(rule, item));
    } else if (word == "properties") {
      if (value.is_object())
        for (const auto& [key, item] : value.items())
          holds = holds && (!rule.contains(key) || accepts(rule[key], item));
    } else {
      const bool says_nothing =
          word == "$schema" || word == "title" || word == "description" || word == "default";
      EXPECT_TRUE(says_nothing) << word;
    }
    if (!holds) return false;
  }
  return true;
}

const Json& schema() {
  static const Json parsed = Json::parse(config_schema());
  return parsed;
}

TEST(ConfigSchema, IsTheOneBesideTheConfigs) {
  EXPECT_TRUE(read_text_file(kConfigs + "schema.json") == config_schema())
      << "make it again: build/bin/pcnn-run --schema > configs/schema.json";
}

TEST(ConfigSchema, AcceptsEveryConfigAndEachNamesIt) {
  int configs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kConfigs)) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string yaml = read_text_file(entry.path());
    EXPECT_TRUE(accepts(schema(), read(yaml))) << entry.path();
    EXPECT_TRUE(yaml.starts_with("# yaml-language-server: $schema=schema.json\n")) << entry.path();
    ++configs;
  }
  EXPECT_GE(configs, 10);
}

TEST(ConfigSchema, AcceptsTheConfigInEffectOfEveryConfig) {
  for (const auto& entry : std::filesystem::directory_iterator(kConfigs)) {
    if (entry.path().extension() != ".yaml") continue;
    const ConfigDocument document = ConfigDocument::from_file(entry.path());
    (void)read_run_config(document, "x");
    EXPECT_TRUE(accepts(schema(), read(document.resolved_yaml()))) << entry.path();
  }
}

// Mistakes that need no other key to be seen: schema and parser both refuse them.
TEST(ConfigSchema, RefusesWhatTheParserRefuses) {
  for (const char* yaml :
       {"train: {bacth: 3}", "train: {batch: 0}", "train: {batch: 1.5}", "train: {batch: many}",
        "train: {learning_rate: 0}", "train: {optimiser: adma}", "train: {average: {decay: 1}}", "train: [1]",
        "model: {blocks: [{kernel: 3, fitlers: 2}]}", "model: {blocks: {repeat: -1}}",
        "model: {output: {filters: [64, 0]}}", "model: {activation: true}", "precision: f64",
        "sample: {temperature: -1}", "seed: -1", "data: {threshold: 2}", "data: {validation_images: 1.5}",
        "data: {validation_images: 0}", "trian: {}"}) {
    EXPECT_FALSE(accepts(schema(), read(yaml))) << yaml;
    EXPECT_NE(config_error([&] { (void)read_run_config(load(yaml), "x"); }), "no error") << yaml;
  }
  for (const char* yaml :
       {"sweep: {method: all}", "sweep: {parameters: {a: []}}", "sweep: {parameters: {a: {mni: 1}}}",
        "sweep: {early_stopping: {reduction_factor: 1}}", "sweep: {parallel: 0}"}) {
    EXPECT_FALSE(accepts(schema(), read(yaml))) << yaml;
    EXPECT_NE(config_error([&] { (void)read_sweep_config(load(yaml).root().section("sweep")); }), "no error")
        << yaml;
  }
}

TEST(ConfigSchema, AcceptsWhatTheParserAccepts) {
  for (const char* yaml :
       {"", "train: null", "train: {batch: null, epochs: 3}", "model: {blocks: {kind: residual}}",
        "model: {blocks: [{}, {}]}", "model: {input: {kernel: [3, 5]}, output: {filters: 32}}", "name: 5",
        "train: {clip_norm: 1}", "data: {validation_images: 0.1}", "data: {validation_images: 100}",
        "sweep: {parameters: {train.batch: [8, 16], train.learning_rate: {min: 0.1, max: 1, count: 2}}}"})
    EXPECT_TRUE(accepts(schema(), Json(read(yaml).is_null() ? Json::object() : read(yaml)))) << yaml;
}

TEST(ConfigSchema, HasTheKeysOfGivenMaps) {
  EXPECT_TRUE(accepts(schema(), Json(read("{data: {condition: true}, "
                                          "model: {condition: {map: {channels: 2, kernel: 3}}}}"))));
}

// Each choice of each key is taken in turn: what the parser then asks for is among the keys.
TEST(ConfigSchema, HasTheKeysOfEveryKind) {
  const std::vector<ConfigDocument::Key> all = all_config_keys();
  int tried = 0;
  for (const ConfigDocument::Key& key : all) {
    if (key.path.starts_with("sweep")) continue;
    std::string path = key.path;
    const bool is_in_block = path.find("[]") != std::string::npos;
    if (is_in_block) path.replace(path.find("[]"), 2, "");
    for (const std::string& choice : key.choices) {
      const ConfigDocument document = load("{}", {path + "=" + choice});
      try {
        (void)read_run_config(document, "x");
      } catch (const ConfigError&) {  // one that needs others beside it: what was asked for until then counts
      }
      for (const ConfigDocument::Key& asked : document.keys()) {
        const std::string pattern = asked.path;
        EXPECT_TRUE(std::ranges::any_of(all, [&](const auto& known) { return known.path == pattern; }))
            << pattern;
      }
      ++tried;
    }
  }
  EXPECT_GT(tried, 25);
}

}  // namespace
}  // namespace pcnn

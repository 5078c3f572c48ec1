// Random documents and overrides either load or throw ConfigError, in one line.

#include <algorithm>
#include <random>

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

enum class Kind { kA, kB };

// Asks for everything under every type, so that each getter meets each value.
void read_everything(const ConfigNode& node, int depth) {
  const auto attempt = [](auto&& action) {
    const std::string error = config_error(action);
    EXPECT_EQ(error.find('\n'), std::string::npos);
  };
  for (const char* key : {"a", "b", "c"}) {
    attempt([&] { (void)node.optional_integer(key, ConfigRange::between(-5, 5)); });
    attempt([&] { (void)node.optional_real(key); });
    attempt([&] { (void)node.boolean(key, true); });
    attempt([&] { (void)node.integers(key, {1}); });
    attempt([&] { (void)node.choice(key, Kind::kA, {{"a", Kind::kA}, {"b", Kind::kB}}); });
    attempt([&] { (void)node.text(key, "x"); });
  }
  if (depth == 0) return;
  attempt([&] { read_everything(node.section("d"), depth - 1); });
  attempt([&] {
    for (const ConfigNode& child : node.sections("e")) read_everything(child, depth - 1);
  });
}

// True where the document loaded; a message without its line break is the only other way out.
bool survives(const std::string& yaml, const std::vector<std::string>& overrides) {
  bool is_loaded = false;
  const std::string error = config_error([&] {
    const ConfigDocument document = load(yaml, overrides);
    is_loaded = true;
    read_everything(document.root(), 3);
    EXPECT_EQ(config_error([&] { document.reject_unread(); }).find('\n'), std::string::npos);
    // What was read must load again to the same.
    const std::string resolved = document.resolved_yaml();
    EXPECT_NO_THROW((void)load(resolved)) << resolved;
  });
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  return is_loaded;
}

std::string random_text(std::mt19937& random, std::string_view alphabet, std::size_t longest) {
  std::string text(random() % (longest + 1), '\0');
  for (char& c : text)
    c = alphabet.empty() ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
  return text;
}

TEST(ConfigFuzz, RandomBytesLoadOrThrowConfigError) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) (void)survives(random_text(random, "", 64), {});
}

TEST(ConfigFuzz, RandomPunctuationLoadsOrThrowsConfigError) {
  std::mt19937 random(2);
  constexpr std::string_view kAlphabet = "abcde01:-?[]{},&*!|>'\"%@`#~<.=\\_ \n\n  ";
  for (int round = 0; round < 20000; ++round)
    (void)survives(random_text(random, kAlphabet, 40), {random_text(random, kAlphabet, 12)});
}

// Made of words of YAML, so that a good part gets past the parser.
TEST(ConfigFuzz, RandomYamlLoadsOrThrowsConfigError) {
  std::mt19937 random(3);
  const std::vector<std::string> words = {"a: ",  "b: ",  "c: ",   "d:\n  ", "e:\n- ", "\n",    "\n",
                                          "\n  ", "\n- ", "1",     "-2.5",   "[",      "]",     "{",
                                          "}",    ", ",   "a",     "true",   "~",      "\"x\"", "'y'",
                                          "010",  "|\n ", "e: [{", "}]",     "# z",    "a: 1\n"};
  const std::vector<std::string> paths = {"a=1",        "d.a=[1, 2]", "e.0.b=x", "e[0].c=~",
                                          "e=[{a: 1}]", "d={b: 2}",   "f=1"};
  int loaded = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string yaml;
    for (std::size_t count = random() % 10; count > 0; --count) yaml += words[random() % words.size()];
    std::vector<std::string> overrides;
    for (std::size_t count = random() % 3; count > 0; --count)
      overrides.push_back(paths[random() % paths.size()]);
    loaded += survives(yaml, overrides) ? 1 : 0;
  }
  EXPECT_GT(loaded, 1000);
}

// One byte changed at a time keeps most of a real file intact.
TEST(ConfigFuzz, DamagedConfigsLoadOrThrowConfigError) {
  std::mt19937 random(4);
  const std::string whole =
      "# a run\na: 1\nb: [3, 5]\nd:\n  a: 0.5\n  c: \"x\\ty\"\n  d: {a: true, b: relu}\ne:\n  - a: 1\n    b: "
      "2\n  - {c: 3}\n";
  for (int round = 0; round < 10000; ++round) {
    std::string yaml = whole;
    for (std::size_t count = 1 + random() % 3; count > 0; --count) {
      const std::size_t at = random() % yaml.size();
      if (random() % 3 == 0)
        yaml.erase(at, 1);
      else
        yaml[at] = static_cast<char>(random() % 4 == 0 ? random() : ' ' + random() % 95);
    }
    (void)survives(yaml, {});
  }
}

}  // namespace
}  // namespace pcnn

// What a document knows after reading: unread keys, the config in effect, the list of keys.

#include "engine/config/nearest.h"
#include "tests/config/config_error.h"

namespace pcnn {
namespace {

enum class Kind { kResidual, kPlain };

// Reads like a part of the engine would: sections, a list, keys that depend on a choice.
void read_all(const ConfigDocument& document) {
  const ConfigNode root = document.root();
  (void)root.text("name", "run 1");
  const ConfigNode train = root.section("train");
  (void)train.integer("batch", 16, ConfigRange::at_least(1));
  (void)train.real("rate", 0.1, ConfigRange::positive());
  (void)train.optional_integer("seed");
  (void)train.boolean("shuffle", true);
  const ConfigNode model = root.section("model");
  for (const ConfigNode& block : model.sections("blocks")) {
    const Kind kind =
        block.choice("kind", Kind::kResidual, {{"residual", Kind::kResidual}, {"plain", Kind::kPlain}});
    (void)block.integers("kernel", {3, 3});
    if (kind == Kind::kPlain) (void)block.integer("filters", 64);
  }
  (void)model.section("output").optional_text("note");
  (void)root.section("unused");
}

std::string unread_error(std::string_view yaml, const std::vector<std::string>& overrides = {}) {
  const ConfigDocument document = load(yaml, overrides);
  read_all(document);
  return config_error([&] { document.reject_unread(); });
}

TEST(Config, RejectsUnknownKeyWithItsLine) {
  EXPECT_EQ(unread_error("train:\n  rate: 0.1\n  bacth: 3\n"),
            "x.yaml:3:3: train.bacth: unknown key; did you mean train.batch?");
  EXPECT_EQ(unread_error("trian:\n  batch: 3\n"), "x.yaml:1:1: trian: unknown key; did you mean train?");
  EXPECT_EQ(unread_error("train:\n  batch_size: 3\n"),
            "x.yaml:2:3: train.batch_size: unknown key; did you mean train.batch?");
  EXPECT_EQ(unread_error("model:\n  blocks:\n  - {}\n  - kernal: 3\n"),
            "x.yaml:4:5: model.blocks[1].kernal: unknown key; did you mean model.blocks[1].kernel?");
}

TEST(Config, FindsUnknownKeysInOtherSections) {
  EXPECT_EQ(unread_error("batch: 3\n"), "x.yaml:1:1: batch: unknown key; did you mean train.batch?");
  EXPECT_EQ(unread_error("train:\n  blocks: []\n"),
            "x.yaml:2:3: train.blocks: unknown key; did you mean model.blocks?");
}

TEST(Config, ListsKnownKeysWhereNoneIsNear) {
  EXPECT_EQ(unread_error("train:\n  momentum: 0.9\n"),
            "x.yaml:2:3: train.momentum: unknown key; known here: batch, rate, seed, shuffle");
  EXPECT_EQ(unread_error("unused: {zzz: 1}\n"), "x.yaml:1:10: unused.zzz: unknown key; known here: none");
}

TEST(Config, RejectsTheFirstUnreadKeyInFileOrder) {
  EXPECT_EQ(unread_error("train:\n  batch: 3\n  zeta: 1\nalpha: 1\n"),
            "x.yaml:3:3: train.zeta: unknown key; known here: batch, rate, seed, shuffle");
}

TEST(Config, RejectsKeysThatOnlyAnotherChoiceReads) {
  EXPECT_EQ(unread_error("model: {blocks: [{kind: plain, filters: 3}]}"), "no error");
  EXPECT_EQ(unread_error("model: {blocks: [{kind: residual, filters: 3}]}"),
            "x.yaml:1:35: model.blocks[0].filters: unknown key; known here: kind, kernel");
}

TEST(Config, RejectsNullKeysNobodyKnows) {
  EXPECT_EQ(unread_error("train:\n  bacth:\n"),
            "x.yaml:2:3: train.bacth: unknown key; did you mean train.batch?");
}

TEST(Config, WritesTheConfigInEffect) {
  const ConfigDocument document = load(
      "model:\n  blocks:\n  - {kind: plain, kernel: 5}\n  - {}\ntrain: {rate: 1.50e-4}\n", {"train.batch=4"});
  read_all(document);
  const std::string resolved = document.resolved_yaml();
  EXPECT_EQ(resolved,
            "name: \"run 1\"\n"
            "train:\n"
            "  batch: 4\n"
            "  rate: 0.00015\n"
            "  seed: null\n"
            "  shuffle: true\n"
            "model:\n"
            "  blocks:\n"
            "    - kind: plain\n"
            "      kernel: [5]\n"
            "      filters: 64\n"
            "    - kind: residual\n"
            "      kernel: [3, 3]\n"
            "  output:\n"
            "    note: null\n");
  const ConfigDocument again = load(resolved);
  read_all(again);
  EXPECT_NO_THROW(again.reject_unread());
  EXPECT_EQ(again.resolved_yaml(), resolved);
}

TEST(Config, WritesEmptyListsAndSections) {
  const ConfigDocument document = load("a: {}\nc: [{}, {}]\n");
  const ConfigNode root = document.root();
  (void)root.section("a");
  (void)root.sections("b");
  (void)root.sections("c");
  (void)root.integers("d", {});
  EXPECT_EQ(document.resolved_yaml(), "a: {}\nb: []\nc:\n  - {}\n  - {}\nd: []\n");
  EXPECT_EQ(load(document.resolved_yaml()).root().sections("c").size(), 2u);
}

TEST(Config, WrittenTextsReadBackTheSame) {
  for (const std::string& text : {std::string("plain"),
                                  std::string("a b"),
                                  std::string("010"),
                                  std::string("null"),
                                  std::string("~"),
                                  std::string("true"),
                                  std::string("- x"),
                                  std::string("a: b"),
                                  std::string("a #b"),
                                  std::string("\"q\" \\ 'r'"),
                                  std::string("tab\tline\nend"),
                                  std::string("\x01\x1f\x7f"),
                                  std::string(" edge "),
                                  std::string("caf\u00e9 \u2028 \u0085"),
                                  std::string("*a"),
                                  std::string("&a"),
                                  std::string("!a"),
                                  std::string("@a"),
                                  std::string("---"),
                                  std::string("/data/mnist-v1.idx")}) {
    const ConfigDocument written = load("");
    (void)written.root().text("key", text);
    EXPECT_EQ(load(written.resolved_yaml()).root().text("key", "other"), text) << written.resolved_yaml();
  }
}

// A file's name would end there.
TEST(Config, TextsWithNulAreRefused) {
  const ConfigDocument document = load("a: {key: \"b\\0c\"}\n");
  try {
    (void)document.root().section("a").text("key", "other");
    ADD_FAILURE() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("a.key: found \"b\\x00c\", accepted: text without NUL"),
              std::string::npos)
        << error.what();
  }
}

TEST(Config, WrittenNumbersReadBackTheSame) {
  for (const double value :
       {0.0, 1.0, -1.0, 0.1, 1e-5, 1e22, 1e300, 5e-324, 1.7976931348623157e308, 1.0 / 3, 123456.75}) {
    const ConfigDocument written = load("");
    (void)written.root().real("key", value);
    EXPECT_EQ(load(written.resolved_yaml()).root().real("key", 7), value) << written.resolved_yaml();
  }
}

TEST(Config, ListsEveryKeyOnce) {
  const ConfigDocument document = load("model: {blocks: [{kind: plain}, {}]}");
  read_all(document);
  read_all(document);
  const std::vector<ConfigDocument::Key> keys = document.keys();
  std::string listed;
  for (const auto& key : keys)
    listed += key.path + " | " + key.type + " | " + key.fallback + " | " + key.accepted + "\n";
  EXPECT_EQ(listed,
            "name | text | \"run 1\" | text, not empty\n"
            "train.batch | integer | 16 | an integer >= 1\n"
            "train.rate | number | 0.1 | a number > 0\n"
            "train.seed | integer | null | an integer\n"
            "train.shuffle | boolean | true | true or false\n"
            "model.blocks[].kind | choice | residual | one of residual, plain\n"
            "model.blocks[].kernel | list of integers | [3, 3] | an integer\n"
            "model.blocks[].filters | integer | 64 | an integer\n"
            "model.output.note | text | null | text, not empty\n");
}

TEST(Nearest, CountsEdits) {
  using config_detail::edit_distance;
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("bacth", "batch"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("Learning-Rate", "learning_rate"), 0u);
}

TEST(Nearest, TakesTheNearestWithinReach) {
  const std::vector<std::string> known = {"epochs", "batch", "lr", "a"};
  EXPECT_EQ(config_detail::nearest("epoks", known), "epochs");
  EXPECT_EQ(config_detail::nearest("la", known), "lr");
  EXPECT_EQ(config_detail::nearest("x", known), std::nullopt);
  EXPECT_EQ(config_detail::nearest("momentum", known), std::nullopt);
  EXPECT_EQ(config_detail::nearest(std::string(1000, 'a'), known), std::nullopt);
}

}  // namespace
}  // namespace pcnn

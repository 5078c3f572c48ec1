// The typed getters: what each accepts, and the line it throws for the rest.

#include <cstdint>
#include <limits>
#include <stdexcept>

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

std::string integer_error(const std::string& text, ConfigRange range = {}) {
  const ConfigDocument document = load("train:\n  batch: " + text + "\n");
  return config_error([&] { (void)document.root().section("train").integer("batch", 1, range); });
}

std::string real_error(const std::string& text, ConfigRange range = {}) {
  const ConfigDocument document = load("rate: " + text + "\n");
  return config_error([&] { (void)document.root().real("rate", 0.5, range); });
}

TEST(Config, ReadsEveryKindOfValue) {
  const ConfigDocument document = load(
      "whole: 7\nsigned: -3\nplus: +4\nzero: 0\nlarge: 9223372036854775807\nreal: 2.5e-3\nwhole_real: "
      "3\ndot: .5\n"
      "flag: true\nname: 010\nquoted: \"a b\"\nlist: [3, 5]\nscalar_list: 3\nblock_list:\n  - 1\n  - "
      "2\nempty: []\n");
  const ConfigNode root = document.root();
  EXPECT_EQ(root.integer("whole", 0), 7);
  EXPECT_EQ(root.integer("signed", 0), -3);
  EXPECT_EQ(root.integer("plus", 0), 4);
  EXPECT_EQ(root.integer("zero", 1), 0);
  EXPECT_EQ(root.integer("large", 0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(root.optional_integer("absent"), std::nullopt);
  EXPECT_EQ(root.real("real", 0), 2.5e-3);
  EXPECT_EQ(root.real("whole_real", 0), 3.0);
  EXPECT_EQ(root.optional_real("dot"), 0.5);
  EXPECT_TRUE(root.boolean("flag", false));
  EXPECT_EQ(root.text("name", "x"), "010");
  EXPECT_EQ(root.text("quoted", "x"), "a b");
  EXPECT_EQ(root.optional_text("no_text"), std::nullopt);
  EXPECT_EQ(root.integers("list", {}), (std::vector<std::int64_t>{3, 5}));
  EXPECT_EQ(root.integers("scalar_list", {}), std::vector<std::int64_t>{3});
  EXPECT_EQ(root.integers("block_list", {}), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(root.integers("empty", {1}), std::vector<std::int64_t>{});
  EXPECT_NO_THROW(document.reject_unread());
}

TEST(Config, GivesFallbacksForAbsentAndNullKeys) {
  for (const char* yaml : {"", "# nothing\n", "---\n", "null\n", "a:\nb: ~\nc: null\nd:\ne:\nf:\ng:\n"}) {
    const ConfigNode root = load(yaml).root();
    EXPECT_EQ(root.integer("a", 3), 3);
    EXPECT_EQ(root.optional_real("b"), std::nullopt);
    EXPECT_EQ(root.text("c", "name"), "name");
    EXPECT_EQ(root.integers("d", {1, 2}), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(root.section("e").section("deep").integer("key", 5), 5);
    EXPECT_TRUE(root.sections("f").empty());
    EXPECT_FALSE(root.has("g"));
  }
}

TEST(Config, RejectsWhatIsNotADecimalInteger) {
  EXPECT_EQ(integer_error("0", ConfigRange::at_least(1)),
            "x.yaml:2:10: train.batch: found 0, accepted: an integer >= 1");
  EXPECT_EQ(integer_error("\"5\""), "x.yaml:2:10: train.batch: found \"5\", accepted: an integer");
  EXPECT_EQ(integer_error("[5]"), "x.yaml:2:3: train.batch: found a list, accepted: an integer");
  EXPECT_EQ(integer_error("{a: 5}"), "x.yaml:2:3: train.batch: found a section, accepted: an integer");
  for (const std::string text :
       {"010", "-01", "0x10", "0o17", "1_000", "5.0", "1e3", "five", "+", "--1", "1 2", "true", "1,000"})
    EXPECT_EQ(integer_error(text), "x.yaml:2:10: train.batch: found " + text + ", accepted: an integer");
  for (const std::string text : {"9223372036854775808", "-9223372036854775809"})
    EXPECT_EQ(integer_error(text),
              "x.yaml:2:10: train.batch: found " + text + ", accepted: an integer that fits 64 bits");
}

TEST(Config, RejectsWhatIsNotAFiniteDecimalNumber) {
  EXPECT_EQ(real_error("2", ConfigRange::above_up_to(0, 1)),
            "x.yaml:1:7: rate: found 2, accepted: a number in (0, 1]");
  EXPECT_EQ(real_error("\"0.5\""), "x.yaml:1:7: rate: found \"0.5\", accepted: a number");
  for (const std::string text :
       {".inf",  "-.inf", ".nan",  "nan", "inf", "infinity", "1e999", "-1e999", "1e-999", "0x1p3",
        "1_0.5", "00.5",  "1.2.3", ".",   "e5",  "1e",       "1e+",   "1f",     "1d",     "0.5x"})
    EXPECT_EQ(real_error(text), "x.yaml:1:7: rate: found " + text + ", accepted: a number");
}

TEST(Config, ReadsACountOrAFraction) {
  const auto range = ConfigRange::between(1, 1000);
  const auto amount = [&](const std::string& text) {
    return load("amount: " + text + "\n").root().optional_count_or_fraction("amount", range);
  };
  EXPECT_EQ(amount("1"), 1.0);
  EXPECT_EQ(amount("1000"), 1000.0);
  EXPECT_EQ(amount("0.25"), 0.25);
  EXPECT_EQ(amount("1e-3"), 0.001);
  EXPECT_EQ(amount("null"), std::nullopt);
  EXPECT_EQ(load("").root().optional_count_or_fraction("amount", range), std::nullopt);
  for (const char* text : {"0", "-1", "1.0", "1.5", "0.0", "-0.5", "1001", "\"7\"", "many", "[1]"}) {
    const std::string error = config_error([&] { (void)amount(text); });
    EXPECT_NE(error.find("accepted: an integer in [1, 1000], or a fraction in (0, 1)"), std::string::npos)
        << error;
  }
}

TEST(Config, WritesACountOrAFractionAsItWasMeant) {
  for (const char* text : {"20", "0.1", "0.001", "null"}) {
    const ConfigDocument document = load(std::string("amount: ") + text + "\n");
    (void)document.root().optional_count_or_fraction("amount", ConfigRange::at_least(1));
    EXPECT_EQ(document.resolved_yaml(), std::string("amount: ") + text + "\n");
  }
}

TEST(Config, RejectsBooleansOtherThanTrueAndFalse) {
  for (const std::string text : {"yes", "no", "on", "off", "True", "FALSE", "1", "0", "y"}) {
    const ConfigDocument document = load("shuffle: " + text);
    EXPECT_EQ(config_error([&] { (void)document.root().boolean("shuffle", true); }),
              "x.yaml:1:10: shuffle: found " + text + ", accepted: true or false");
  }
  const ConfigDocument quoted = load("shuffle: 'true'");
  EXPECT_EQ(config_error([&] { (void)quoted.root().boolean("shuffle", true); }),
            "x.yaml:1:10: shuffle: found \"true\", accepted: true or false");
}

TEST(Config, RejectsEmptyTextAndLists) {
  EXPECT_EQ(config_error([] { (void)load("name: ''").root().text("name", "x"); }),
            "x.yaml:1:7: name: found \"\", accepted: text, not empty");
  EXPECT_EQ(config_error([] { (void)load("name: [a]").root().text("name", "x"); }),
            "x.yaml:1:1: name: found a list, accepted: text, not empty");
}

TEST(Config, RejectsListsWithAnythingButIntegers) {
  const auto error = [](const std::string& text) {
    return config_error(
        [&] { (void)load("kernel: " + text).root().integers("kernel", {3}, ConfigRange::between(1, 63)); });
  };
  EXPECT_EQ(error("[3, 64]"), "x.yaml:1:13: kernel[1]: found 64, accepted: an integer in [1, 63]");
  EXPECT_EQ(error("[3, '5']"), "x.yaml:1:13: kernel[1]: found \"5\", accepted: an integer in [1, 63]");
  EXPECT_EQ(error("[~]"), "x.yaml:1:10: kernel[0]: found null, accepted: an integer in [1, 63]");
  EXPECT_EQ(error("[[3]]"), "x.yaml:1:10: kernel[0]: found a list, accepted: an integer in [1, 63]");
  EXPECT_EQ(error("0"), "x.yaml:1:9: kernel: found 0, accepted: an integer in [1, 63], or a list of them");
  EXPECT_EQ(error("{a: 1}"),
            "x.yaml:1:1: kernel: found a section, accepted: an integer in [1, 63], or a list of them");
}

enum class Activation { kRelu, kElu, kTanh };

Activation read_activation(const ConfigNode& node) {
  return node.choice("activation", Activation::kElu,
                     {{"relu", Activation::kRelu}, {"elu", Activation::kElu}, {"tanh", Activation::kTanh}});
}

TEST(Config, ReadsChoicesByName) {
  EXPECT_EQ(read_activation(load("activation: tanh").root()), Activation::kTanh);
  EXPECT_EQ(read_activation(load("activation: 'relu'").root()), Activation::kRelu);
  EXPECT_EQ(read_activation(load("").root()), Activation::kElu);
}

TEST(Config, NamesTheNearestChoice) {
  EXPECT_EQ(config_error([] { (void)read_activation(load("activation: reul").root()); }),
            "x.yaml:1:13: activation: found reul, accepted: one of relu, elu, tanh; did you mean relu?");
  EXPECT_EQ(config_error([] { (void)read_activation(load("activation: TanH").root()); }),
            "x.yaml:1:13: activation: found TanH, accepted: one of relu, elu, tanh; did you mean tanh?");
  EXPECT_EQ(config_error([] { (void)read_activation(load("activation: softplus").root()); }),
            "x.yaml:1:13: activation: found softplus, accepted: one of relu, elu, tanh");
}

TEST(Config, ReadsOneMapInPlaceOfAList) {
  const auto one = load("model:\n  blocks:\n    repeat: 3\n").root().section("model").sections("blocks");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].path(), "model.blocks");
  EXPECT_EQ(one[0].integer("repeat", 1), 3);

  const auto many = load("model:\n  blocks:\n  - repeat: 3\n  - ~\n  - {repeat: 5}\n")
                        .root()
                        .section("model")
                        .sections("blocks");
  ASSERT_EQ(many.size(), 3u);
  EXPECT_EQ(many[2].path(), "model.blocks[2]");
  EXPECT_EQ(many[1].integer("repeat", 1), 1);
  EXPECT_EQ(many[2].integer("repeat", 1), 5);
}

TEST(Config, RejectsValuesWhereSectionsBelong) {
  EXPECT_EQ(config_error([] { (void)load("train: 5").root().section("train"); }),
            "x.yaml:1:8: train: found 5, accepted: a section");
  EXPECT_EQ(config_error([] { (void)load("train: [a]").root().section("train"); }),
            "x.yaml:1:1: train: found a list, accepted: a section");
  EXPECT_EQ(config_error([] { (void)load("blocks: 5").root().sections("blocks"); }),
            "x.yaml:1:9: blocks: found 5, accepted: a section or a list of sections");
  const ConfigDocument document = load("blocks:\n- {}\n- 5");
  for (int attempt = 0; attempt < 2; ++attempt)
    EXPECT_EQ(config_error([&] { (void)document.root().sections("blocks"); }),
              "x.yaml:3:3: blocks[1]: found 5, accepted: a section");
}

TEST(Config, FailsAtTheKeyOrItsSection) {
  const ConfigDocument document = load("data: mnist\nmodel:\n  slope: 1\n  blocks:\n  - kernel: [2, 2]\n");
  const ConfigNode model = document.root().section("model");
  EXPECT_EQ(config_error([&] { model.fail("slope", "only elu has a slope"); }),
            "x.yaml:3:10: model.slope: only elu has a slope");
  EXPECT_EQ(config_error([&] { model.fail("head", "needed here"); }), "x.yaml:2:1: model.head: needed here");
  EXPECT_EQ(config_error([&] { model.fail("", "too\nlarge"); }), "x.yaml:2:1: model: too\\nlarge");
  EXPECT_EQ(config_error([&] { model.sections("blocks")[0].fail("kernel", "even"); }),
            "x.yaml:5:5: model.blocks[0].kernel: even");
  EXPECT_EQ(config_error([&] { model.section("input").section("a").fail("kernel", "even"); }),
            "x.yaml:2:1: model.input.a.kernel: even");
  EXPECT_EQ(config_error([&] { load("").root().fail("data", "needed"); }), "x.yaml:1:1: data: needed");
}

TEST(Config, ShortensLongValuesToOneLine) {
  const std::string error = integer_error("\"" + std::string(30, 'a') + "\\n" + std::string(500, 'b') + "\"");
  EXPECT_EQ(error, "x.yaml:2:10: train.batch: found \"" + std::string(30, 'a') + "\\n" +
                       std::string(29, 'b') + "...\", accepted: an integer");
  // 59 bytes and then a character of two: it is left out whole.
  EXPECT_EQ(integer_error(std::string(59, 'a') + "\u00e9\u00e9"),
            "x.yaml:2:10: train.batch: found " + std::string(59, 'a') + "..., accepted: an integer");
}

TEST(Config, HasSeesOnlyGivenKeysAndReadsNone) {
  const ConfigDocument document = load("a: 1\nb: ~\n");
  EXPECT_TRUE(document.root().has("a"));
  EXPECT_FALSE(document.root().has("b"));
  EXPECT_FALSE(document.root().has("c"));
  EXPECT_THROW(document.reject_unread(), ConfigError);
  EXPECT_TRUE(document.keys().empty());
}

TEST(Config, NodesOutliveTheirDocument) {
  const ConfigNode train = load("train: {batch: 8}").root().section("train");
  EXPECT_EQ(train.integer("batch", 1), 8);
}

TEST(Config, TellsOurMistakesFromTheUsers) {
  const ConfigNode root = load("").root();
  EXPECT_THROW((void)root.integer("a", 0, ConfigRange::positive()), std::logic_error);
  EXPECT_THROW((void)root.real("a", std::numeric_limits<double>::infinity()), std::logic_error);
  EXPECT_THROW((void)root.choice("a", 3, {{"one", 1}}), std::logic_error);
  (void)root.section("b");
  EXPECT_THROW((void)root.integer("b", 0), std::logic_error);
  EXPECT_THROW((void)root.integer("b c", 0), std::logic_error);
}

TEST(ConfigRange, DescribesItself) {
  EXPECT_EQ(ConfigRange::any().describe("a number"), "a number");
  EXPECT_EQ(ConfigRange::at_least(1).describe("an integer"), "an integer >= 1");
  EXPECT_EQ(ConfigRange::at_most(1000000).describe("an integer"), "an integer <= 1000000");
  EXPECT_EQ(ConfigRange::positive().describe("a number"), "a number > 0");
  EXPECT_EQ(ConfigRange::below(0.5).describe("a number"), "a number < 0.5");
  EXPECT_EQ(ConfigRange::inside(0, 1).describe("a number"), "a number in (0, 1)");
  EXPECT_EQ(ConfigRange::from_below(0, 1).describe("a number"), "a number in [0, 1)");
  EXPECT_FALSE(ConfigRange::any().contains(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(ConfigRange::above_up_to(0, 1).contains(0));
  EXPECT_TRUE(ConfigRange::above_up_to(0, 1).contains(1));
  EXPECT_FALSE(ConfigRange::from_below(0, 1).contains(1));
}

}  // namespace
}  // namespace pcnn

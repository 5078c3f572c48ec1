// Sections whose keys are not known beforehand.

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

using Texts = std::vector<std::string>;

TEST(ConfigEntries, AreListedInFileOrder) {
  const ConfigNode root = load("z: 1\nmodel.blocks[0].repeat: [1]\na: null\ntrain.batch: {min: 1}\n").root();
  EXPECT_EQ(root.given_keys(), (Texts{"z", "model.blocks[0].repeat", "a", "train.batch"}));
  EXPECT_EQ(root.section("absent").given_keys(), Texts{});
  EXPECT_TRUE(root.holds_section("train.batch"));
  EXPECT_FALSE(root.holds_section("z"));
  EXPECT_FALSE(root.holds_section("a"));
}

TEST(ConfigEntries, SayWhetherANumberIsAnInteger) {
  const ConfigNode root = load("a: 3\nb: 3.0\nc: '3'\nd: -4\ne: [3]\nf: 03\n").root();
  for (const char* key : {"a", "d"}) EXPECT_TRUE(root.holds_integer(key)) << key;
  for (const char* key : {"b", "c", "e", "f", "absent"}) EXPECT_FALSE(root.holds_integer(key)) << key;
}

TEST(ConfigEntries, GiveListsOfAnyValuesAsYaml) {
  const ConfigNode root = load(
                              "a: [1, 2.5, relu, null, \"5\", 'x, y', [3, 4], {kernel: 5, of: [a]}, true]\n"
                              "b:\n- x, y\n- '# no comment'\n- \"\"\nc: 7\n")
                              .root();
  EXPECT_EQ(root.values("a"), (Texts{"1", "2.5", "relu", "null", "\"5\"", "\"x, y\"", "[3, 4]",
                                     "{kernel: 5, of: [a]}", "true"}));
  EXPECT_EQ(root.values("b"), (Texts{"\"x, y\"", "\"# no comment\"", "\"\""}));
  EXPECT_EQ(root.values("c"), Texts{"7"});
}

TEST(ConfigEntries, ReadBackAsTheSameValues) {
  const Texts values =
      load("a: [\"5\", 'a \"b\" \\c', ': ', '- x', '~', 'yes', \"\\ttab\"]\n").root().values("a");
  std::string yaml = "a: [";
  for (const std::string& value : values) yaml += (yaml.size() > 4 ? ", " : "") + value;
  EXPECT_EQ(load(yaml + "]\n").root().values("a"), values);
  for (const std::string& value : values)  // and alone, as an override gives them
    EXPECT_EQ(load("a: 1\n", {"a=" + value}).root().values("a"), Texts{value});
}

TEST(ConfigEntries, RefuseWhatIsNoListOfValues) {
  const std::string accepted = ", accepted: a list of values, one at least";
  EXPECT_EQ(config_error([] { (void)load("a: {b: 1}\n").root().values("a"); }),
            "x.yaml:1:1: a: found a section" + accepted);
  EXPECT_EQ(config_error([] { (void)load("a: []\n").root().values("a"); }),
            "x.yaml:1:1: a: found a list" + accepted);
  EXPECT_EQ(config_error([] { (void)load("a: null\n").root().values("a"); }),
            "x.yaml:1:1: a: found null" + accepted);
}

TEST(ConfigEntries, PassedOverAreNeitherRefusedNorInEffect) {
  const ConfigDocument document = load("a: 1\nsweep: {trials: 3}\n");
  (void)document.root().integer("a", 0);
  document.root().pass_over("sweep");
  EXPECT_EQ(config_error([&] { document.reject_unread(); }), "no error");
  EXPECT_EQ(document.resolved_yaml(), "a: 1\n");
  EXPECT_EQ(document.keys().size(), 1U);
}

TEST(ConfigEntries, OfOneSectionAloneAreCheckedForUnreadKeys) {
  const ConfigDocument document = load("other: 1\nsweep: {trials: 3, tirals: 4}\n");
  const ConfigNode sweep = document.root().section("sweep");
  (void)sweep.integer("trials", 1);
  EXPECT_EQ(config_error([&] { sweep.reject_unread(); }),
            "x.yaml:2:20: sweep.tirals: unknown key; did you mean sweep.trials?");
}

}  // namespace
}  // namespace pcnn

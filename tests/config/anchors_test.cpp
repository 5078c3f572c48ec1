// Anchors, aliases and merge keys, and what bounds them.

#include <chrono>

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

TEST(ConfigAnchors, AliasesStandForWhatTheirAnchorsName) {
  const ConfigNode root = load("a: &n 3\nb: *n\nc: &l [1, 2]\nd: *l\ne: &s {k: 5}\nf: *s\n").root();
  EXPECT_EQ(root.integer("b", 0), 3);
  EXPECT_EQ(root.integers("d", {}), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(root.section("f").integer("k", 0), 5);
}

TEST(ConfigAnchors, MayNameQuotedTextNullsAndAnchoredValues) {
  const ConfigNode root = load("a: &q \"5\"\nb: *q\nc: &n ~\nd: *n\ne: &o [&i {k: 1}, *i]\nf: *o\n").root();
  EXPECT_NE(config_error([&] { (void)root.integer("b", 0); }), "no error") << "quoted it stays text";
  EXPECT_EQ(root.text("b", "x"), "5");
  EXPECT_EQ(root.integer("d", 7), 7);
  ASSERT_EQ(root.sections("f").size(), 2u);
  EXPECT_EQ(root.sections("f")[1].integer("k", 0), 1);
}

TEST(ConfigAnchors, TheLastOfANameCounts) {
  const ConfigNode root = load("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").root();
  EXPECT_EQ(root.integer("b", 0), 1);
  EXPECT_EQ(root.integer("d", 0), 2);
}

TEST(ConfigAnchors, ErrorsNameThePlaceWhereTheValueIsWritten) {
  const ConfigDocument document = load("a: &x\n  k: many\nb: *x\n");
  EXPECT_EQ(config_error([&] { (void)document.root().section("b").integer("k", 0); }),
            "x.yaml:2:6: b.k: found many, accepted: an integer");
}

TEST(ConfigMergeKeys, GiveTheKeysThatTheMapDoesNotHave) {
  const ConfigNode root =
      load(
          "base: &b {x: 1, y: 2}\nother: &o {y: 7, z: 8}\n"
          "one: {<<: *b, y: 3}\nboth: {<<: [*b, *o]}\nafter:\n  y: 4\n  <<: *b\nhere: {<<: {w: 9}}\n")
          .root();
  EXPECT_EQ(root.section("one").integer("x", 0), 1);
  EXPECT_EQ(root.section("one").integer("y", 0), 3);
  EXPECT_EQ(root.section("both").integer("y", 0), 2) << "the first of the list before the others";
  EXPECT_EQ(root.section("both").integer("z", 0), 8);
  EXPECT_EQ(root.section("after").integer("y", 0), 4) << "wherever << stands";
  EXPECT_EQ(root.section("here").integer("w", 0), 9);
  EXPECT_EQ(root.section("after").given_keys(), (std::vector<std::string>{"x", "y"}));
}

TEST(ConfigMergeKeys, GoOnThroughMergedMaps) {
  const ConfigNode root = load("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n").root();
  EXPECT_EQ(root.section("c").given_keys(), (std::vector<std::string>{"x", "y", "z"}));
}

TEST(ConfigMergeKeys, AreNotInTheConfigInEffect) {
  const ConfigDocument document = load("a: &a {x: 1}\nb: {<<: *a, y: 2}\n");
  for (const char* key : {"a", "b"})
    for (const char* number : {"x", "y"}) (void)document.root().section(key).integer(number, 0);
  EXPECT_EQ(document.resolved_yaml(), "a:\n  x: 1\n  y: 0\nb:\n  x: 1\n  y: 2\n");
}

TEST(ConfigMergeKeys, RefuseWhatIsNoSection) {
  EXPECT_EQ(load_error("a: {<<: 3}\n"),
            "x.yaml:1:9: a: <<: found 3, accepted: a section or a list of sections");
  EXPECT_EQ(load_error("a: {<<: [{x: 1}, [2]]}\n"),
            "x.yaml:1:18: a: <<: found a list, accepted: a section or a list of sections");
  EXPECT_EQ(load_error("a: {<<: }\n"),
            "x.yaml:1:5: a: <<: found null, accepted: a section or a list of sections");
  EXPECT_EQ(load_error("a: {<<: {x: 1}, <<: {y: 1}}\n"), "x.yaml:1:17: a.<<: given twice, first on line 1");
  EXPECT_EQ(load_error("a: {\"<<\": {x: 1}}\n").substr(0, 33), "x.yaml:1:5: a: found \"<<\" for a k");
}

TEST(ConfigAnchors, RefuseAliasesOfNothing) {
  EXPECT_EQ(load_error("b: *x\n"), "x.yaml:1:4: b: no anchor &x above this alias");
  EXPECT_EQ(load_error("b: *x\na: &x 1\n"), "x.yaml:1:4: b: no anchor &x above this alias");
}

TEST(ConfigAnchors, RefuseAliasesInsideWhatTheyStandFor) {
  EXPECT_EQ(load_error("a: &x [1, *x]\n"), "x.yaml:1:11: a[1]: an alias inside the value it stands for");
  EXPECT_EQ(load_error("a: &x {b: {<<: *x}}\n"),
            "x.yaml:1:16: a.b.<<: an alias inside the value it stands for");
}

TEST(ConfigAnchors, RefuseBombsAtOnce) {
  std::string laughs = "a0: &a0 [ha, ha]\n";
  for (int i = 1; i < 31; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below + ", " + below + "]\n";
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_NE(load_error(laughs).find("anchors and aliases repeat more than 1 MiB of values"),
            std::string::npos);
  // One long text again and again.
  std::string texts = "a: &a " + std::string(500000, 'x') + "\nb: [*a";
  for (int i = 0; i < 100000; ++i) texts += ", *a";
  EXPECT_NE(load_error(texts + "]\n").find("repeat more than 1 MiB"), std::string::npos);
  // Many keys merged over many keys.
  std::string keys = "a: &a {";
  for (int i = 0; i < 40000; ++i) keys += "k" + std::to_string(i) + ": 1, ";
  EXPECT_NE(load_error(keys + "}\nb: {<<: [*a, *a, *a, *a]}\n").find("repeat more than 1 MiB"),
            std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(ConfigAnchors, RefuseToNestDeeperThanWithout) {
  std::string yaml = "a0: &a0 [1]\n";
  for (int i = 1; i < 40; ++i)
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_EQ(load_error(yaml), "x.yaml:32:12: a31[0]: nested deeper than 32 levels");
}

TEST(ConfigAnchors, WorkInOverridesWithinOneValue) {
  EXPECT_EQ(load("", {"a=[&x {k: 1}, *x]"}).root().sections("a").at(1).integer("k", 0), 1);
  EXPECT_EQ(load_error("b: &x 1\n", {"a=*x"}), "override 'a=*x': a: no anchor &x above this alias");
}

}  // namespace
}  // namespace pcnn

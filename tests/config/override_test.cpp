// Overrides of the command line.

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

constexpr const char* kModel =
    "model:\n  kernel: 3\n  blocks:\n  - {kind: a, repeat: 1}\n  - {kind: b}\n  - ~\n  none: []\ntrain:\n";

std::int64_t repeat_of(const ConfigDocument& document, std::size_t block) {
  return document.root().section("model").sections("blocks").at(block).integer("repeat", 1);
}

TEST(ConfigOverride, ReplacesValues) {
  const ConfigDocument document = load(kModel, {"model.kernel=[5, 7]", "model.blocks.0.repeat=3",
                                                "model.blocks[1].repeat=4", "model.blocks.2.repeat=5"});
  EXPECT_EQ(document.root().section("model").integers("kernel", {}), (std::vector<std::int64_t>{5, 7}));
  EXPECT_EQ(repeat_of(document, 0), 3);
  EXPECT_EQ(repeat_of(document, 1), 4);
  EXPECT_EQ(repeat_of(document, 2), 5);
}

TEST(ConfigOverride, CreatesSectionsAndLetsTheLastWin) {
  const ConfigDocument document =
      load("", {"train.optimiser.rate=0.5", "train.optimiser.rate=1e-3", "train.name=a=b", "flag=true"});
  const ConfigNode train = document.root().section("train");
  EXPECT_EQ(train.section("optimiser").real("rate", 1), 1e-3);
  EXPECT_EQ(train.text("name", "x"), "a=b");
  EXPECT_TRUE(document.root().boolean("flag", false));
  EXPECT_NO_THROW(document.reject_unread());
}

TEST(ConfigOverride, FillsNullSections) {
  EXPECT_EQ(load(kModel, {"train.batch=3"}).root().section("train").integer("batch", 1), 3);
}

TEST(ConfigOverride, NullGivesTheFallbackBack) {
  EXPECT_EQ(load("a: 5", {"a=null"}).root().integer("a", 1), 1);
}

TEST(ConfigOverride, ReplacesWholeSectionsAndLists) {
  const ConfigDocument document = load(kModel, {"model.blocks=[{repeat: 9}]", "train={batch: 2}"});
  EXPECT_EQ(repeat_of(document, 0), 9);
  EXPECT_EQ(document.root().section("train").integer("batch", 1), 2);
}

TEST(ConfigOverride, ReachesOneMapInPlaceOfAListWithAndWithoutIndex) {
  constexpr const char* kOne = "model:\n  blocks:\n    repeat: 1\n";
  EXPECT_EQ(repeat_of(load(kOne, {"model.blocks.repeat=3"}), 0), 3);
  EXPECT_EQ(repeat_of(load(kOne, {"model.blocks.0.repeat=3"}), 0), 3);
  EXPECT_EQ(repeat_of(load(kOne, {"model.blocks[0].repeat=3"}), 0), 3);
  EXPECT_EQ(load_error(kOne, {"model.blocks.1.repeat=3"}),
            "override 'model.blocks.1.repeat=3': model.blocks[1]: index out of range, accepted: 0");
}

TEST(ConfigOverride, RejectsWhatIsNoOverride) {
  EXPECT_EQ(load_error("", {"train.batch"}), "override 'train.batch': no '=', accepted: path.key=value");
  EXPECT_EQ(load_error("", {""}), "override '': no '=', accepted: path.key=value");
  EXPECT_EQ(load_error("", {"=3"}), "override '=3': no path before '=', accepted: path.key=value");
  EXPECT_EQ(load_error("", {"train.batch= "}),
            "override 'train.batch= ': train.batch: no value after '=', write null for the default");
  EXPECT_EQ(load_error("", {"0.a=3"}), "override '0.a=3': the path opens with an index, accepted: a key");
  const std::string accepted =
      " in the path, accepted: a key (up to 64 letters, digits, _ and -, not a digit first) or an index, as "
      "in "
      "model.blocks[0]";
  EXPECT_EQ(load_error("", {"a..b=3"}), "override 'a..b=3': found \"\"" + accepted);
  EXPECT_EQ(load_error("", {"a.=3"}), "override 'a.=3': found \"\"" + accepted);
  EXPECT_EQ(load_error("", {"a b=3"}), "override 'a b=3': found \"a b\"" + accepted);
  for (const char* part : {"a[", "a[]", "a[x]", "a[0", "a[0]b", "a]", "[0]", "1a"})
    EXPECT_EQ(load_error("", {std::string(part) + "=3"}),
              "override '" + std::string(part) + "=3': found \"" + part + "\"" + accepted);
  std::string deep = "a";
  for (int part = 0; part < 32; ++part) deep += ".a";
  EXPECT_EQ(load_error("", {deep + "=3"}),
            "override '" + deep.substr(0, 60) + "...': the path has more than 32 parts");
}

TEST(ConfigOverride, RejectsPathsThatLeadNowhere) {
  EXPECT_EQ(load_error(kModel, {"model.kernel.x=3"}),
            "override 'model.kernel.x=3': model.kernel: found 3, accepted: a section");
  EXPECT_EQ(load_error(kModel, {"model.kernel.0=3"}),
            "override 'model.kernel.0=3': model.kernel: found 3, accepted: a list");
  EXPECT_EQ(load_error(kModel, {"model.blocks.repeat=3"}),
            "override 'model.blocks.repeat=3': model.blocks: found a list, accepted: an index, as in "
            "model.blocks[0].repeat");
  EXPECT_EQ(load_error(kModel, {"model.blocks.3.repeat=3"}),
            "override 'model.blocks.3.repeat=3': model.blocks[3]: index out of range, accepted: 0 to 2");
  EXPECT_EQ(load_error(kModel, {"model.blocks.99999999999999999999=3"}),
            "override 'model.blocks.99999999999999999999=3': model.blocks[99999999999999999999]: index out "
            "of range, "
            "accepted: 0 to 2");
  EXPECT_EQ(load_error(kModel, {"model.none.0=3"}),
            "override 'model.none.0=3': model.none[0]: index out of range, the list is empty");
  EXPECT_EQ(load_error(kModel, {"data.files.0=a"}),
            "override 'data.files.0=a': data.files[0]: nothing to index, data.files has no value");
}

TEST(ConfigOverride, RejectsValuesThatAreNotYaml) {
  EXPECT_EQ(load_error("", {"a=[1"}), "override 'a=[1': a: not valid YAML: a list goes on without , or ]");
  EXPECT_EQ(load_error("", {"a={b: 1, b: 2}"}), "override 'a={b: 1, b: 2}': a.b: given twice");
  EXPECT_EQ(load_error("", {"a=\x01"}),
            "override 'a=\\x01': a: found the control character \\x01, accepted: UTF-8 text");
}

// YAML would give the key no value, or another one, and nobody would hear of it.
TEST(ConfigOverride, RejectsTextThatYamlReadsAsAnAnchorOrAComment) {
  EXPECT_EQ(load_error("", {"a=&x"}),
            "override 'a=&x': a: found &x, to YAML an anchor; as text, in quotes: 'a=\"&x\"'");
  EXPECT_EQ(load_error("", {"a=&x y"}),
            "override 'a=&x y': a: found &x y, to YAML an anchor; as text, in quotes: 'a=\"&x y\"'");
  const std::string comment = ", of which YAML takes # and what follows for a comment; as text, in quotes: ";
  EXPECT_EQ(load_error("", {"a=#x"}), "override 'a=#x': a: found #x" + comment + "'a=\"#x\"'");
  EXPECT_EQ(load_error("", {"a=run #3"}),
            "override 'a=run #3': a: found run #3" + comment + "'a=\"run #3\"'");
  EXPECT_NE(load_error("", {"a=[1, 2] # two"}), "");
  EXPECT_EQ(load("", {"a=x#y"}).root().text("a", ""), "x#y");
  EXPECT_EQ(load("", {"a=\"run #3\""}).root().text("a", ""), "run #3");
  EXPECT_EQ(load("", {"a=[&x 1, *x]"}).root().integers("a", {}), (std::vector<std::int64_t>{1, 1}));
  EXPECT_FALSE(load("a: &x\nb: 1\n").root().has("a")) << "in a file it is YAML's null";
}

TEST(ConfigOverride, StandsInPlaceOfTheLineInErrors) {
  const ConfigDocument document = load("train:\n  batch: 8\n", {"train.batch=0", "train.bacth=1"});
  EXPECT_EQ(config_error([&] {
              (void)document.root().section("train").integer("batch", 1, ConfigRange::at_least(1));
            }),
            "override 'train.batch=0': train.batch: found 0, accepted: an integer >= 1");
  (void)document.root().section("train").text("batch", "x");
  EXPECT_EQ(config_error([&] { document.reject_unread(); }),
            "override 'train.bacth=1': train.bacth: unknown key; did you mean train.batch?");
  EXPECT_EQ(config_error([&] { document.root().section("train").fail("batch", "too small"); }),
            "override 'train.batch=0': train.batch: too small");

  const ConfigDocument list = load("kernel: 3", {"kernel=[3, 4.5]"});
  EXPECT_EQ(config_error([&] { (void)list.root().integers("kernel", {3}); }),
            "override 'kernel=[3, 4.5]': kernel[1]: found 4.5, accepted: an integer");
}

}  // namespace
}  // namespace pcnn

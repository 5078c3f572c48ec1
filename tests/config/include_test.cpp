// Configs that include others.

#include <filesystem>
#include <fstream>

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class ConfigInclude : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            (std::string("pcnn_include_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "shared");
  }
  void TearDown() override { fs::remove_all(root_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (root_ / name).string(); }
  void write(const std::string& name, const std::string& yaml) const { std::ofstream(root_ / name) << yaml; }
  [[nodiscard]] ConfigDocument load_file(const std::string& name,
                                         const std::vector<std::string>& overrides = {}) const {
    return ConfigDocument::from_file(path(name), overrides);
  }
  // With `root/` for the folder.
  [[nodiscard]] std::string error_of(const std::string& name) const {
    std::string error = config_error([&] { (void)load_file(name); });
    for (std::size_t at; (at = error.find(root_.string())) != std::string::npos;)
      error.replace(at, root_.string().size(), "root");
    return error;
  }

  fs::path root_;
};

TEST_F(ConfigInclude, LaysOwnKeysOverThoseOfTheFileSectionBySection) {
  write("base.yaml",
        "name: base\ntrain: {batch: 8, rate: 0.5, schedule: {kind: step, every: 2}}\nlist: [1, 2, 3]\n");
  write("x.yaml", "include: base.yaml\ntrain: {batch: 16, schedule: {every: 3}}\nlist: [4]\n");
  const ConfigNode root = load_file("x.yaml").root();
  EXPECT_EQ(root.text("name", ""), "base");
  EXPECT_EQ(root.section("train").integer("batch", 0), 16);
  EXPECT_EQ(root.section("train").real("rate", 0), 0.5);
  EXPECT_EQ(root.section("train").section("schedule").text("kind", ""), "step");
  EXPECT_EQ(root.section("train").section("schedule").integer("every", 0), 3);
  EXPECT_EQ(root.integers("list", {}), (std::vector<std::int64_t>{4})) << "a list is replaced";
}

TEST_F(ConfigInclude, OfSeveralTheLaterCountsAndOverridesAboveAll) {
  write("a.yaml", "x: 1\ny: 1\nz: 1\nw: 1\n");
  write("b.yaml", "y: 2\nz: 2\nw: 2\n");
  write("x.yaml", "z: 3\nw: 3\ninclude: [a.yaml, b.yaml]\n");
  const ConfigNode root = load_file("x.yaml", {"w=4"}).root();
  for (const auto& [key, value] : {std::pair{"x", 1}, {"y", 2}, {"z", 3}, {"w", 4}})
    EXPECT_EQ(root.integer(key, 0), value) << key;
}

TEST_F(ConfigInclude, NamesAreRelativeToTheFileTheyStandIn) {
  write("shared/deep.yaml", "x: 1\n");
  write("shared/base.yaml", "include: deep.yaml\ny: 2\n");
  write("x.yaml", "include: shared/base.yaml\n");
  EXPECT_EQ(load_file("x.yaml").root().integer("x", 0), 1);
  write("abs.yaml", "include: " + path("shared/base.yaml") + "\n");
  EXPECT_EQ(load_file("abs.yaml").root().integer("y", 0), 2);
}

TEST_F(ConfigInclude, NullGivesTheDefaultBack) {
  write("base.yaml", "a: 5\nb: {c: 5}\n");
  write("x.yaml", "include: base.yaml\na: null\nb: {c: ~}\n");
  EXPECT_EQ(load_file("x.yaml").root().integer("a", 1), 1);
  EXPECT_EQ(load_file("x.yaml").root().section("b").integer("c", 1), 1);
}

TEST_F(ConfigInclude, ErrorsNameTheFileTheValueCameFrom) {
  write("base.yaml", "train:\n  batch: many\n  rate: 1\n");
  write("x.yaml", "include: base.yaml\ntrain:\n  rate: fast\n");
  const ConfigDocument document = load_file("x.yaml");
  EXPECT_EQ(config_error([&] { (void)document.root().section("train").integer("batch", 1); }),
            path("base.yaml") + ":2:10: train.batch: found many, accepted: an integer");
  EXPECT_EQ(config_error([&] { (void)document.root().section("train").real("rate", 1); }),
            path("x.yaml") + ":3:9: train.rate: found fast, accepted: a number");
  write("base.yaml", "train: {batch: 1, batch: 2}\n");
  EXPECT_EQ(error_of("x.yaml"), "root/base.yaml:1:19: train.batch: given twice, first on line 1");
  write("base.yaml", "- 3\n");
  EXPECT_EQ(error_of("x.yaml"), "root/base.yaml:1:1: found a list, accepted: `key: value` lines");
}

TEST_F(ConfigInclude, RefusesWhatCannotBeRead) {
  write("x.yaml", "a: 1\ninclude: [nowhere.yaml]\n");
  EXPECT_EQ(error_of("x.yaml"),
            "root/x.yaml:2:11: include: root/nowhere.yaml: cannot be read: No such file or directory");
  write("x.yaml", "include: {a: 1}\n");
  EXPECT_EQ(error_of("x.yaml"),
            "root/x.yaml:1:10: include: found a section, accepted: the name of a file, or a list of names");
  write("x.yaml", "include: null\na: 1\n");
  EXPECT_EQ(error_of("x.yaml"), "no error");
  write("x.yaml", "a: {include: base.yaml}\n");
  const ConfigDocument inner = load_file("x.yaml");
  (void)inner.root().section("a");
  EXPECT_NE(config_error([&] { inner.reject_unread(); }).find("a.include: unknown key"), std::string::npos);
}

TEST_F(ConfigInclude, RefusesFilesThatIncludeThemselves) {
  write("a.yaml", "include: b.yaml\n");
  write("b.yaml", "include: shared/../a.yaml\n");
  EXPECT_EQ(error_of("a.yaml"),
            "root/b.yaml:1:10: include: a file includes itself: root/a.yaml -> root/b.yaml -> root/a.yaml");
  write("a.yaml", "include: a.yaml\n");
  EXPECT_EQ(error_of("a.yaml"),
            "root/a.yaml:1:10: include: a file includes itself: root/a.yaml -> root/a.yaml");
}

TEST_F(ConfigInclude, BoundsHowManyFilesThereAre) {
  write("0.yaml", "x: 1\n");
  for (int i = 1; i <= 9; ++i)
    write(std::to_string(i) + ".yaml", "include: " + std::to_string(i - 1) + ".yaml\n");
  EXPECT_EQ(load_file("8.yaml").root().integer("x", 0), 1);
  EXPECT_EQ(error_of("9.yaml"), "root/1.yaml:1:10: include: more than 8 files that include one another");
  // Each includes the one below it twice: 2^i files, if nothing bounds them.
  for (int i = 1; i <= 7; ++i) {
    const std::string below = std::to_string(i - 1) + ".yaml";
    write(std::to_string(i) + ".yaml", "include: [" + below + ", " + below + "]\n");
  }
  EXPECT_EQ(load_file("5.yaml").root().integer("x", 0), 1);
  EXPECT_NE(error_of("7.yaml").find("include: more than 64 files in all"), std::string::npos)
      << error_of("7.yaml");
}

TEST_F(ConfigInclude, IsForFilesOnly) {
  EXPECT_EQ(load_error("a: 1\ninclude: base.yaml\n"),
            "x.yaml:2:10: include: accepted in a config file only, where names are relative to it");
  write("x.yaml", "a: 1\n");
  EXPECT_EQ(config_error([&] { (void)load_file("x.yaml", {"include=base.yaml"}); }),
            "override 'include=base.yaml': include: accepted in a config file only, where names are relative "
            "to it");
}

TEST_F(ConfigInclude, CanBeWrittenAsOneFile) {
  write("base.yaml",
        "# a remark\nname: a b\nsweep: {parameters: {train.batch: [8, 16]}}\ntrain: {rate: 0.5}\n");
  write("x.yaml", "include: base.yaml\ntrain: {rate: 1e-3, list: [{a: 1}, {b: x}]}\n");
  const std::string standalone = load_file("x.yaml").standalone_yaml();
  EXPECT_EQ(standalone,
            "name: a b\nsweep:\n  parameters:\n    train.batch: [8, 16]\ntrain:\n  rate: 1e-3\n  list: "
            "[{a: 1}, {b: x}]\n");
  EXPECT_EQ(load(standalone).root().section("train").sections("list").size(), 2u);
  EXPECT_EQ(load_file("base.yaml").standalone_yaml(),
            "# a remark\nname: a b\nsweep: {parameters: {train.batch: [8, 16]}}\ntrain: {rate: 0.5}\n")
      << "without others it is the file as it stands";
}

TEST_F(ConfigInclude, OfTheConfigInEffectNothingIsLeft) {
  write("base.yaml", "a: 5\n");
  write("x.yaml", "include: base.yaml\n");
  const ConfigDocument document = load_file("x.yaml");
  (void)document.root().integer("a", 1);
  EXPECT_NO_THROW(document.reject_unread());
  EXPECT_EQ(document.resolved_yaml(), "a: 5\n");
}

}  // namespace
}  // namespace pcnn

// scripts/fetch_data.sh, with a list of made-up data sets in place of data_sets.sh and folders for mirrors.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "engine/data/published.h"
#include "engine/io/file.h"
#include "tests/io/temporary_directory.h"
#include "tests/support/shell.h"
#include "tests/support/source_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::shell;

std::string sum(const std::string& tool, const std::string& text) {
  return shell("printf %s '" + text + "' | " + tool + " | cut -d ' ' -f 1 | tr -d '\\n'").output;
}

// The data set `letters` has the files a ("alpha") and b ("beta").
class FetchData : public ::testing::Test {
 protected:
  void SetUp() override {
    if (shell("command -v curl").exit_code != 0) GTEST_SKIP() << "needs curl";
    for (const char* folder : {"scripts", "mirror", "programs"}) fs::create_directories(root(folder));
    fs::copy_file(testing::source_directory() + "/scripts/fetch_data.sh", root("scripts/fetch_data.sh"));
    use_sources("'folder file://" + root("mirror") + "'");
  }

  void use_sources(const std::string& sources, const std::string& more = "") const {
    write("scripts/data_sets.sh", "data_sets=(letters)\ndescribe_letters() {\n  title=Letters\n" + more +
                                      "\n  directory=data/letters\n  sums=([a]=" + sum("sha256sum", "alpha") +
                                      " [b]=" + sum("md5sum", "beta") + ")\n  sources=(" + sources +
                                      ")\n}\n");
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(root(name)).parent_path());
    std::ofstream(root(name), std::ios::binary) << text;
  }
  // A program of that name in front of the real one.
  void replace_program(const std::string& name, const std::string& script) const {
    write("programs/" + name, "#!/bin/sh\n" + script + "\n");
    fs::permissions(root("programs/" + name), fs::perms::owner_all);
  }
  // Both outputs, and the errors alone in the file `errors`.
  [[nodiscard]] Outcome fetch(const std::string& arguments, const std::string& environment = "",
                              const std::string& from = "") const {
    Outcome outcome = shell("cd '" + root(from) + "' && PCNN_DATA_MIRROR= PATH='" + root("programs") +
                            "':$PATH " + environment + " '" + root("scripts/fetch_data.sh") + "' " +
                            arguments + " 2>'" + root("errors") + "'");
    outcome.output += errors();
    return outcome;
  }
  [[nodiscard]] std::string errors() const { return read_text_file(root("errors")); }
  void expect_fetched(const std::string& folder = "data/letters") const {
    EXPECT_EQ(read_text_file(root(folder + "/a")), "alpha");
    EXPECT_EQ(read_text_file(root(folder + "/b")), "beta");
    EXPECT_EQ(names(folder), (std::set<std::string>{"a", "b"})) << "nothing is left beside them";
  }
  [[nodiscard]] std::set<std::string> names(const std::string& folder) const {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(root(folder))) all.insert(entry.path().filename());
    return all;
  }
  [[nodiscard]] std::string root(const std::string& name) const { return directory_.file(name); }
  [[nodiscard]] bool is_there(const std::string& name) const { return fs::exists(root(name)); }

 private:
  TemporaryDirectory directory_;
};

TEST_F(FetchData, UnpacksWhatTheMirrorHasPackedAndTakesWhatIsPlain) {
  write("mirror/a", "alpha");
  write("mirror/b", "beta");
  ASSERT_EQ(shell("gzip '" + root("mirror/a") + "'").exit_code, 0);
  const Outcome outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(outcome.output,
            "== letters: trying file://" + root("mirror") + "\n== letters: data/letters is complete\n");
  expect_fetched();
}

TEST_F(FetchData, NeedsNoNetworkWhereTheFilesAre) {
  write("data/letters/a", "alpha");
  write("data/letters/b", "beta");
  ASSERT_EQ(shell("gzip '" + root("data/letters/b") + "'").exit_code, 0);  // as a reader takes it too
  replace_program("curl", "touch '" + root("called") + "'; exit 6");
  const Outcome outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "== letters: data/letters is complete\n");
  EXPECT_FALSE(is_there("called"));
  EXPECT_EQ(names("data/letters"), (std::set<std::string>{"a", "b.gz"}));
}

TEST_F(FetchData, IsContentWithAFolderOfTheSystem) {
  write("system/a", "alpha");
  write("system/b", "beta");
  use_sources("'folder file:///nowhere'", "installed=" + root("system"));
  EXPECT_EQ(fetch("letters").output, "== letters: " + root("system") + " is complete\n");
  EXPECT_FALSE(is_there("data"));
  write("mirror/a", "alpha");
  write("mirror/b", "beta");
  // Where a folder is asked for, that one is filled.
  EXPECT_EQ(fetch("letters here", "PCNN_DATA_MIRROR=file://" + root("mirror"), "mirror").exit_code, 0);
  expect_fetched("mirror/here");
}

TEST_F(FetchData, RefusesOtherBytesAndGoesOnToTheNextSource) {
  write("mirror/a", "alpha");
  write("mirror/b", "other");
  EXPECT_EQ(fetch("letters").exit_code, 1);
  EXPECT_FALSE(is_there("data/letters/b"));
  write("second/a", "wrong");
  write("second/b", "beta");
  use_sources("'folder file://" + root("mirror") + "' 'folder file://" + root("second") + "'");
  const Outcome outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_NE(outcome.output.find("   b: checksum differs, refused\n"), std::string::npos) << outcome.output;
  expect_fetched();
}

TEST_F(FetchData, AFailureIsOneLineAndLeavesNothing) {
  write("mirror/a.gz", "no gzip file");
  const Outcome outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(
      errors(),
      "fetch_data.sh: no source gave Letters: put its 2 files into data/letters by hand, or name a folder "
      "that has them: PCNN_DATA_MIRROR=file:///FOLDER\n");
  EXPECT_FALSE(is_there("data/letters"));
}

TEST_F(FetchData, NeverOverwritesAFileThatIsThere) {
  write("mirror/a", "alpha");
  write("mirror/b", "beta");
  write("data/letters/b", "mine");
  const Outcome outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.output,
            "fetch_data.sh: data/letters/b is there, but its checksum is not that of Letters: move it away, "
            "nothing was changed\n");
  EXPECT_EQ(read_text_file(root("data/letters/b")), "mine");
  EXPECT_EQ(names("data/letters"), std::set<std::string>{"b"});
}

TEST_F(FetchData, UnpacksAnArchiveWhoseChecksumIsRight) {
  write("pack/letters/a", "alpha");
  write("pack/letters/b", "beta");
  write("pack/letters/readme", "more");
  const std::string archive = root("mirror/letters.tar.gz");
  ASSERT_EQ(shell("tar -czf '" + archive + "' -C '" + root("pack") + "' letters").exit_code, 0);
  const std::string right = shell("sha256sum '" + archive + "' | cut -c 1-64 | tr -d '\\n'").output;
  use_sources("'archive file://" + archive + " " + sum("sha256sum", "another") + "'");
  Outcome outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.output.find("letters.tar.gz: checksum differs, refused\n"), std::string::npos)
      << outcome.output;
  EXPECT_FALSE(is_there("data/letters"));

  use_sources("'archive file://" + archive + " " + right + "'");
  outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  expect_fetched();
  // A mirror holds it by the name of its first source.
  use_sources("'archive file:///nowhere/letters.tar.gz " + right + "'");
  outcome = fetch("letters 'a copy'", "PCNN_DATA_MIRROR=file://" + root("mirror/"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  expect_fetched("a copy");
}

// They are fetched without being installed, so nobody needs to be root.
TEST_F(FetchData, TakesTheFilesOutOfPackages) {
  write("package/data/a", "alpha");
  write("package/data/b", "beta");
  const std::string pack = "tar -czf letters.tgz -C '" + root("") + "' package";
  replace_program("apt-get", "[ \"$1\" = download ] && [ \"$3\" = letters-data ] && touch letters.deb");
  replace_program("dpkg-deb", "cp -r '" + root("package") + "' \"$3\"");
  replace_program("npm", "[ \"$3\" = letters@1 ] && " + pack);
  for (const char* source : {"'deb letters-data package/data'", "'npm letters@1 package/data'"}) {
    use_sources(source);
    const Outcome outcome = fetch("letters");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    expect_fetched();
    fs::remove_all(root("data"));
  }
}

TEST_F(FetchData, AnInterruptedOneLeavesNothingHalf) {
  replace_program("curl", "for last; do :; done; echo half >\"$last\"; kill -TERM $PPID; sleep 1");
  const Outcome outcome = fetch("letters");
  EXPECT_EQ(outcome.exit_code, 143) << outcome.output;
  EXPECT_FALSE(is_there("data/letters"));
}

TEST_F(FetchData, WrongCommandsAreOneLine) {
  EXPECT_EQ(fetch("numbers").exit_code, 2);
  EXPECT_EQ(errors(), "fetch_data.sh: unknown data set 'numbers', accepted: letters\n");
  EXPECT_EQ(fetch("").exit_code, 2);
  EXPECT_EQ(errors(), "fetch_data.sh: usage: scripts/fetch_data.sh NAME [directory]   NAME: letters\n");
  EXPECT_EQ(fetch("letters ''").exit_code, 2);
  write("file", "");
  EXPECT_EQ(fetch("letters '" + root("file") + "'").exit_code, 1);
  EXPECT_EQ(errors(), "fetch_data.sh: " + root("file") + " cannot be made a folder\n");
}

// The real list.
TEST(DataSets, LieWhereTheConfigsLookAndHaveWholeChecksums) {
  const std::string list =
      "cd '" + testing::source_directory() +
      "/scripts' && bash -c 'declare -A sums; . ./data_sets.sh; for set in ${data_sets[@]}; do "
      "sums=() installed=; describe_$set; echo \"$set ${installed:-$directory}\"; "
      "for name in ${!sums[@]}; do echo ${sums[$name]} >&2; done; done'";
  std::string expected;
  for (const DatasetKind kind : {DatasetKind::kMnist, DatasetKind::kFashionMnist, DatasetKind::kCifar10})
    expected += std::string(published_dataset(kind)->name) + " " +
                std::string(published_dataset(kind)->directory) + "\n";
  EXPECT_EQ(shell(list + " 2>&-").output, expected);
  const std::string sums = shell(list + " 2>&1 >&- | grep -cE '^([0-9a-f]{64}|[0-9a-f]{32})$'").output;
  EXPECT_EQ(sums, "14\n") << "four files of each MNIST, six of CIFAR-10";
}

}  // namespace
}  // namespace pcnn

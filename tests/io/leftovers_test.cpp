#include "engine/io/leftovers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class Leftovers : public testing::Test {
 protected:
  void make(const std::string& name) const {
    fs::create_directories(fs::path(directory_.file(name)).parent_path());
    std::ofstream(directory_.file(name)) << "x";
  }
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory_.file("")))
      if (!entry.is_directory()) names.insert(fs::relative(entry.path(), directory_.file("")));
    return names;
  }

  TemporaryDirectory directory_;
};

TEST_F(Leftovers, AreKnownByTheirNames) {
  const std::set<std::string> others{"a.part",    "a.part1",    "a.part-1",   "a.part1-",   "a.part1-x",
                                     "a.partx-1", "a.part1-2b", "apart1-2",   "part1-2",    ".part1-2",
                                     "a.PART1-2", "a.part1_2",  "a.part 1-2", "a.part1-2-3"};
  for (const std::string& name : others) make(name);
  for (const char* name : {"a.part1-2", "a.part1.part123456789012-0", "b/c/.hidden.part7-100"}) make(name);
  remove_leftovers_below(directory_.file(""));
  EXPECT_EQ(files(), others);
}

TEST_F(Leftovers, OfOneFileOrOneDirectoryAreTheOnlyOnesRemoved) {
  for (const char* name : {"a.part1-0", "a.part2-1", "aa.part1-0", "d/a.part1-0", "d/b.part1-0"}) make(name);
  remove_leftovers_of(directory_.file("a"));
  EXPECT_EQ(files(), (std::set<std::string>{"aa.part1-0", "d/a.part1-0", "d/b.part1-0"}));
  remove_leftovers_in(directory_.file(""));
  EXPECT_EQ(files(), (std::set<std::string>{"d/a.part1-0", "d/b.part1-0"}));
  remove_leftovers_of(directory_.file("nowhere/a"));
  remove_leftovers_below(directory_.file("nowhere"));
}

TEST_F(Leftovers, AreNotWhatAProcessStillWrites) {
  make("a.part1-0");
  const int fd = ::open(directory_.file("a.part1-0").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  remove_leftovers_below(directory_.file(""));
  EXPECT_EQ(files(), std::set<std::string>{"a.part1-0"});
  ::close(fd);
  remove_leftovers_below(directory_.file(""));
  EXPECT_EQ(files(), std::set<std::string>{});
}

TEST_F(Leftovers, AreNeitherLinksNorPipesNorFolders) {
  make("elsewhere/a.part1-0x");
  fs::create_directory_symlink("elsewhere", directory_.file("link.part1-0"));
  fs::create_symlink("elsewhere/a.part1-0x", directory_.file("b.part1-0"));
  fs::create_directory(directory_.file("c.part1-0"));
  ASSERT_EQ(::mkfifo(directory_.file("d.part1-0").c_str(), 0600), 0);
  const std::set<std::string> before = files();
  remove_leftovers_below(directory_.file(""));
  EXPECT_EQ(files(), before);
  EXPECT_TRUE(fs::exists(directory_.file("c.part1-0")));
}

}  // namespace
}  // namespace pcnn

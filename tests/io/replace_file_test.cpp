#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class ReplaceFile : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    write_file_atomic(directory_.file(name), text);
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    return read_text_file(directory_.file(name));
  }
  void replace(const std::string& backup = "backup") const {
    replace_file(directory_.file("new"), directory_.file("file"), directory_.file(backup));
  }
  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(directory_.file(""))) all.insert(entry.path().filename());
    return all;
  }
  using Names = std::set<std::string>;

  TemporaryDirectory directory_;
};

TEST_F(ReplaceFile, MakesTheOldFileTheBackup) {
  write("file", "1");
  for (const std::string now : {"2", "3"}) {
    const std::string before = text("file");
    write("new", now);
    replace();
    EXPECT_EQ(text("file"), now);
    EXPECT_EQ(text("backup"), before);
    EXPECT_EQ(names(), (Names{"backup", "file"}));
  }
}

TEST_F(ReplaceFile, WithoutAnOldFileTheBackupStays) {
  write("new", "2");
  write("backup", "0");
  replace();
  EXPECT_EQ(text("file"), "2");
  EXPECT_EQ(text("backup"), "0");
  EXPECT_EQ(names(), (Names{"backup", "file"}));
}

// Each file is moved, not copied: it keeps its mode and takes no more of the disk.
TEST_F(ReplaceFile, MovesTheFilesThemselves) {
  write("file", "1");
  write("new", "2");
  ::chmod(directory_.file("file").c_str(), 0640);
  ::chmod(directory_.file("new").c_str(), 0600);
  const auto status_of = [&](const std::string& name) {
    struct stat status {};
    EXPECT_EQ(::stat(directory_.file(name).c_str(), &status), 0);
    return std::pair(status.st_ino, status.st_mode & 0777);
  };
  const auto before = status_of("file"), coming = status_of("new");
  replace();
  EXPECT_EQ(status_of("backup"), before);
  EXPECT_EQ(status_of("file"), coming);
}

TEST_F(ReplaceFile, ALinkIsReplacedAndWhatItPointsToStays) {
  write("elsewhere", "1");
  fs::create_symlink("elsewhere", directory_.file("file"));
  write("new", "2");
  replace();
  EXPECT_EQ(text("file"), "2");
  EXPECT_FALSE(fs::is_symlink(directory_.file("file")));
  EXPECT_EQ(text("elsewhere"), "1");
  EXPECT_EQ(text("backup"), "1") << "the link, under its other name";
}

TEST_F(ReplaceFile, KeepsAllFilesWhereTheBackupCannotBeWritten) {
  write("file", "1");
  write("new", "2");
  EXPECT_EQ(error_of<FileError>([&] { replace("none/backup"); }),
            directory_.file("none/backup") + ": cannot be written: No such file or directory");
  fs::create_directory(directory_.file("backup"));
  EXPECT_NE(error_of<FileError>([&] { replace(); }).find(directory_.file("backup") + ": cannot be written"),
            std::string::npos);
  EXPECT_EQ(text("file"), "1");
  EXPECT_EQ(text("new"), "2");
  EXPECT_EQ(names(), (Names{"backup", "file", "new"})) << "no second name of the file stays";
}

TEST_F(ReplaceFile, KeepsTheOldFileWhereThereIsNoNewOne) {
  write("file", "1");
  EXPECT_EQ(error_of<FileError>([&] { replace(); }),
            directory_.file("file") + ": cannot be written: No such file or directory");
  EXPECT_EQ(text("file"), "1");
  EXPECT_EQ(text("backup"), "1");
}

// Whoever reads, at whatever moment, finds both files whole.
TEST_F(ReplaceFile, LeavesNoMomentWithoutTheFileOrItsBackup) {
  const auto body = [](int version) { return std::string(2000, static_cast<char>('a' + version % 26)); };
  write("file", body(0));
  write("backup", body(0));
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0, damaged = 0;
  std::thread reader([&] {
    while (!done) {
      for (const char* name : {"file", "backup"}) {
        std::string found;
        try {
          found = text(name);
        } catch (const FileError&) {
        }
        if (found.size() != 2000 || found != std::string(2000, found[0])) ++damaged;
      }
      ++reads;
    }
  });
  for (int version = 1; version < 100 || reads < 100; ++version) {
    write("new", body(version));
    replace();
  }
  done = true;
  reader.join();
  EXPECT_EQ(damaged, 0) << "of " << 2 * reads;
}

}  // namespace
}  // namespace pcnn

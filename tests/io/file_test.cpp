#include "engine/io/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/error.h"
#include "engine/io/leftovers.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// No file of this process may grow past the limit: a disk that fills up in the middle of a write.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    ::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

TEST(File, ReadsWhatWasWritten) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  for (const std::size_t size : {0, 1, 4095, 4096, 4097, 300'000}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 256);
    write_file_atomic(path, text);
    EXPECT_EQ(read_text_file(path), text);
    EXPECT_EQ(read_file(path).size(), size);
  }
  EXPECT_EQ(directory.file_count(), 1U);
}

TEST(File, ReadsFilesWhoseSizeTheSystemDoesNotTell) {
  EXPECT_TRUE(contains(read_text_file("/proc/self/status"), "Pid:"));
}

TEST(File, ReadsTheStartAndTellsTheSize) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  write_file_atomic(path, "0123456789");
  for (const std::size_t most : {0u, 1u, 9u, 10u, 11u, 1000u}) {
    const FileStart start = read_file_start(path, most);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(start.bytes.data()), start.bytes.size()),
              std::string("0123456789").substr(0, most));
    EXPECT_EQ(start.file_bytes, 10u);
  }
  EXPECT_EQ(error_of<FileError>([&] { (void)read_file_start(directory.file("none"), 1); }),
            directory.file("none") + ": cannot be read: No such file or directory");
}

TEST(File, ReadingNamesThePathAndTheReason) {
  const TemporaryDirectory directory;
  EXPECT_EQ(error_of<FileError>([&] { (void)read_file(directory.file("none")); }),
            directory.file("none") + ": cannot be read: No such file or directory");
  EXPECT_EQ(error_of<FileError>([&] { (void)read_file(directory.file("")); }),
            directory.file("") + ": cannot be read: it is a directory, accepted: a regular file");
}

// Reading these could wait for ever, or fill the memory.
TEST(File, BytesComeFromRegularFilesAlone) {
  const TemporaryDirectory directory;
  const std::string pipe = directory.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::pair<std::string, std::string> files[] = {{pipe, "a pipe"},
                                                       {"/dev/zero", "a device or a socket"}};
  for (const auto& [path, kind] : files) {
    const std::string refusal = path + ": cannot be read: it is " + kind + ", accepted: a regular file";
    EXPECT_EQ(error_of<FileError>([&] { (void)read_file(path); }), refusal);
    EXPECT_EQ(error_of<FileError>([&] { (void)read_file_start(path, 10); }), refusal);
    EXPECT_EQ(error_of<FileError>([&] { (void)read_text_file(path); }), refusal);
    EXPECT_EQ(error_of<FileError>([&] { (void)read_text_file_end(path, 10); }), refusal);
  }
}

TEST(File, WritesInTheWorkingDirectory) {
  const TemporaryDirectory directory;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory.file(""));
  write_file_atomic("plain-name", "text");
  std::filesystem::current_path(before);
  EXPECT_EQ(read_text_file(directory.file("plain-name")), "text");
}

TEST(File, AtomicWriteReplacesTheFileAndLeavesOldReadersTheOldOne) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a"), link = directory.file("b");
  write_file_atomic(path, "old");
  std::filesystem::create_hard_link(path, link);
  write_file_atomic(path, "new");
  EXPECT_EQ(read_text_file(path), "new");
  EXPECT_EQ(read_text_file(link), "old");
}

TEST(File, AtomicWriteRefusesAMissingDirectory) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("none/a");
  EXPECT_EQ(error_of<FileError>([&] { write_file_atomic(path, "text"); }),
            path + ": cannot be written: No such file or directory");
  EXPECT_EQ(directory.file_count(), 0U);
}

TEST(File, AtomicWriteRefusesADirectoryInItsPlace) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  std::filesystem::create_directory(path);
  EXPECT_TRUE(contains(error_of<FileError>([&] { write_file_atomic(path, "text"); }), "cannot be written"));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_EQ(directory.file_count(), 1U);
}

TEST(File, AtomicWriteLeavesTheOldFileAndNoTemporaryWhenTheDiskFills) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  write_file_atomic(path, "old");
  std::string message;
  {
    const FileSizeLimit limit(8192);
    message = error_of<FileError>([&] { write_file_atomic(path, std::string(100'000, 'x')); });
  }
  EXPECT_EQ(message, path + ": cannot be written: File too large");
  EXPECT_EQ(read_text_file(path), "old");
  EXPECT_EQ(directory.file_count(), 1U);
}

TEST(File, HalfWrittenIsRemovedByASignalHandlerThatEndsTheProcess) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  write_file_atomic(path, "old");
  EXPECT_EXIT(
      {
        const FileSizeLimit limit(8192);
        ::signal(SIGXFSZ, [](int) {
          remove_unfinished_file();
          ::_exit(7);
        });
        write_file_atomic(path, std::string(100'000, 'x'));
      },
      testing::ExitedWithCode(7), "");
  EXPECT_EQ(read_text_file(path), "old");
  EXPECT_EQ(directory.file_count(), 1U);
  remove_unfinished_file();  // of none
  EXPECT_EQ(directory.file_count(), 1U);
}

TEST(File, AtomicWriteSparesTheTemporaryOfAnother) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  const std::string other = path + ".part" + std::to_string(::getpid()) + "-0";
  write_file_atomic(other, "being written");
  write_file_atomic(path, "text");
  EXPECT_EQ(read_text_file(other), "being written");
  EXPECT_EQ(read_text_file(path), "text");
  EXPECT_EQ(directory.file_count(), 2U);
}

TEST(File, ReplacingKeepsTheFileOfBeforeAsABackup) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a"), next = directory.file("next"), backup = directory.file("b");
  for (const char* text : {"one", "two", "three"}) {
    write_file_atomic(next, text);
    replace_file(next, path, backup);
    EXPECT_EQ(read_text_file(path), text);
  }
  EXPECT_EQ(read_text_file(backup), "two");
  EXPECT_EQ(directory.file_count(), 2U);
}

// What is tidied up afterwards fails too, with another reason.
TEST(File, ReplacingNamesTheReasonOfTheCallThatFailed) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a"), next = directory.file("next");
  write_file_atomic(next, "new");
  write_file_atomic(path, "old");
  const std::string too_long = directory.file(std::string(250, 'b'));
  EXPECT_EQ(error_of<FileError>([&] { replace_file(next, path, too_long); }),
            too_long + ": cannot be written: File name too long");
  std::filesystem::create_directory(directory.file("full"));
  const std::string blocked = directory.file("full");
  EXPECT_EQ(error_of<FileError>([&] { replace_file(next, path, blocked); }),
            blocked + ": cannot be written: Is a directory");
  std::filesystem::create_directory(directory.file("c"));
  EXPECT_EQ(error_of<FileError>([&] { replace_file(next, directory.file("c"), directory.file("backup")); }),
            directory.file("backup") + ": cannot be written: Invalid argument");
  EXPECT_EQ(read_text_file(path), "old");
  EXPECT_EQ(read_text_file(next), "new");
}

TEST(File, ReplacingOutOfInodesSaysSo) {
  const TemporaryDirectory directory;
  const std::string at = directory.file("small");
  std::filesystem::create_directory(at);
  if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "nr_inodes=3") != 0)
    GTEST_SKIP() << "this process may not mount a file system";
  write_file_atomic(at + "/a", "old");
  write_file_atomic(at + "/next", "new");
  const std::string message = error_of<FileError>([&] { replace_file(at + "/next", at + "/a", at + "/b"); });
  const std::string old = read_text_file(at + "/a");
  ::umount2(at.c_str(), MNT_DETACH);
  EXPECT_EQ(message, at + "/b: cannot be written: No space left on device");
  EXPECT_EQ(old, "old");
}

TEST(File, SyncingAcceptsWhatIsNotThereAndWhatCannotBeSynced) {
  const TemporaryDirectory directory;
  append_line(directory.file("a"), "text");
  for (const std::string& path : {directory.file("a"), directory.file("none"), std::string("/dev/null")})
    EXPECT_NO_THROW(sync_file(path)) << path;
  EXPECT_EQ(error_of<FileError>([&] { sync_file(directory.file("a") + "/b"); }),
            directory.file("a") + "/b: cannot be synced: Not a directory");
}

TEST(File, AppendsLines) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("metrics.jsonl");
  append_line(path, "{\"epoch\": 1}");
  append_line(path, "");
  append_line(path, "{\"epoch\": 2}");
  EXPECT_EQ(read_text_file(path), "{\"epoch\": 1}\n\n{\"epoch\": 2}\n");
}

TEST(File, AppendingNamesThePathAndTheReason) {
  const TemporaryDirectory directory;
  EXPECT_EQ(error_of<FileError>([&] { append_line(directory.file("none/a"), "text"); }),
            directory.file("none/a") + ": cannot be appended to: No such file or directory");
  if (std::filesystem::exists("/dev/full")) {
    EXPECT_EQ(error_of<FileError>([&] { append_line("/dev/full", "text"); }),
              "/dev/full: cannot be appended to: No space left on device");
  }
}

TEST(AppendLine, ToAPipeThatNobodyReadsIsRefusedAtOnce) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(append_line(path, "text"), FileError);
}

}  // namespace
}  // namespace pcnn

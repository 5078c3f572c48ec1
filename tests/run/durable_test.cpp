// What a run has told the file system to keep, in which order.

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

// What the file system was told to make durable, and which checkpoint was there then.
struct Sync {
  std::string path;
  std::uintmax_t bytes = 0;
  ino_t checkpoint = 0;
};
std::vector<Sync> syncs;

ino_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

class Durable : public TinyRun {};

TEST_F(Durable, MetricsAreOnTheDiskBeforeTheCheckpointThatFollowsFromThem) {
  syncs.clear();
  run({.config = config(), .overrides = {"train.epochs=1"}});
  const std::string path = fs::canonical(directory()).string() + "/metrics.jsonl";
  ASSERT_FALSE(syncs.empty());
  EXPECT_EQ(syncs.back().path, path);
  EXPECT_EQ(syncs.back().bytes, fs::file_size(path)) << "all lines";
  EXPECT_NE(syncs.back().checkpoint, 0);
  EXPECT_NE(syncs.back().checkpoint, inode_of(directory() + "/checkpoint.safetensors")) << "before the last";
}

}  // namespace
}  // namespace pcnn

// In place of that of the C library, for this program: does the same and notes it.
extern "C" int fdatasync(int file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/fd/" + std::to_string(file), error);
  if (!error && path.filename() == "metrics.jsonl")
    pcnn::syncs.push_back({path.string(), fs::file_size(path, error),
                           pcnn::inode_of((path.parent_path() / "checkpoint.safetensors").string())});
  const auto real = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fdatasync"));
  return real(file);
}

#include "engine/core/memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/core/error.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

class MemoryLimit : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_.file(path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] std::uint64_t limit() const { return memory_limit(root_.file("")); }
  TemporaryDirectory root_;
};

TEST_F(MemoryLimit, IsTheMachinesWhereNoContainerLimitsIt) {
  write("proc/meminfo", "MemTotal:       16384000 kB\nMemFree:         1000000 kB\n");
  EXPECT_EQ(limit(), 16384000ull * 1024u);
  write("sys/fs/cgroup/memory.max", "max\n");
  write("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(limit(), 16384000ull * 1024u);
}

TEST_F(MemoryLimit, IsTheLeastOfTheGroupAndThoseAroundIt) {
  write("proc/meminfo", "MemTotal:       16384000 kB\n");
  write("proc/self/cgroup", "0::/user.slice/job\n");
  write("sys/fs/cgroup/user.slice/job/memory.max", "8000000000\n");
  EXPECT_EQ(limit(), 8000000000u);
  write("sys/fs/cgroup/user.slice/memory.max", "5000000000\n");
  EXPECT_EQ(limit(), 5000000000u);
  write("sys/fs/cgroup/memory.max", "3000000000\n");
  EXPECT_EQ(limit(), 3000000000u);
}

TEST_F(MemoryLimit, OfCgroupsV1IsTheMemoryControllers) {
  write("proc/meminfo", "MemTotal:       16384000 kB\n");
  write("proc/self/cgroup", "8:cpu,cpuacct:/a\n7:memory:/docker/b\n");
  write("sys/fs/cgroup/memory/docker/b/memory.limit_in_bytes", "2000000000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(limit(), 2000000000u);
}

TEST_F(MemoryLimit, IsNoneWhereTheSystemTellsNone) {
  EXPECT_EQ(limit(), ~std::uint64_t{0});
}

TEST(Memory, ThatIsNotThereIsRefusedWithBothNumbers) {
  EXPECT_NO_THROW(require_memory(1e6, "a: takes"));
  const std::string message = error_of<ConfigError>([] { require_memory(1e18, "a: takes"); });
  EXPECT_EQ(message.find("a: takes 1000000000 GB of memory, accepted: up to "), 0u) << message;
  EXPECT_EQ(memory_text(4.5e8), "450 MB");
  EXPECT_EQ(memory_text(1.23e10), "12.3 GB");
}

}  // namespace
}  // namespace pcnn

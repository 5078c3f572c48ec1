#include "engine/core/cgroup.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

// A made-up root with /proc/self/cgroup and /sys/fs/cgroup.
class Machine {
 public:
  explicit Machine(const std::string& groups) { write("proc/self/cgroup", groups); }
  Machine& limit(const std::string& file, const std::string& text) {
    write("sys/fs/cgroup/" + file, text);
    return *this;
  }
  [[nodiscard]] double quota() const { return cpu_quota(root_.file("")); }

 private:
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path(root_.file(name));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  TemporaryDirectory root_;
};

TEST(CpuQuota, IsThatOfTheOwnGroup) {
  EXPECT_EQ(Machine("0::/app\n").limit("app/cpu.max", "150000 100000\n").quota(), 1.5);
  EXPECT_EQ(Machine("0::/app\n").limit("app/cpu.max", "50000 10000\n").quota(), 5.0);
  EXPECT_EQ(Machine("0::/app\n").limit("app/cpu.max", "250000\n").quota(), 2.5) << "a period of 100 ms";
  EXPECT_EQ(Machine("0::/app\n").limit("app/cpu.max", "max 100000\n").quota(), INFINITY);
}

TEST(CpuQuota, IsTheLeastOfTheGroupsAround) {
  Machine machine("0::/pod/app/worker\n");
  machine.limit("pod/app/worker/cpu.max", "max 100000\n").limit("pod/cpu.max", "300000 100000\n");
  EXPECT_EQ(machine.quota(), 3.0) << "a limit further out holds inside";
  EXPECT_EQ(machine.limit("pod/app/cpu.max", "200000 100000\n").quota(), 2.0);
  EXPECT_EQ(machine.limit("pod/app/worker/cpu.max", "800000 100000\n").quota(), 2.0)
      << "a group cannot have more than those around it";
  EXPECT_EQ(machine.limit("cpu.max", "100000 100000\n").quota(), 1.0);
  EXPECT_EQ(machine.limit("other/cpu.max", "1000 100000\n").quota(), 1.0) << "not its group";
}

// A container sees its own group as the outermost, under whatever name the host has for it.
TEST(CpuQuota, OfAContainerIsThatOfTheMount) {
  EXPECT_EQ(Machine("0::/kubepods/pod1/abc\n").limit("cpu.max", "150000 100000\n").quota(), 1.5);
  EXPECT_EQ(Machine("0::/\n").limit("cpu.max", "150000 100000\n").quota(), 1.5);
  EXPECT_EQ(Machine("4:cpu,cpuacct:/docker/abc\n")
                .limit("cpu/cpu.cfs_quota_us", "150000\n")
                .limit("cpu/cpu.cfs_period_us", "100000\n")
                .quota(),
            1.5);
}

TEST(CpuQuota, OfV1IsInTwoFiles) {
  for (const std::string mount : {"cpu", "cpu,cpuacct"}) {
    Machine machine("12:memory:/other\n4:cpu,cpuacct:/pod/app\n1:name=systemd:/x\n");
    machine.limit(mount + "/pod/app/cpu.cfs_quota_us", "-1\n")
        .limit(mount + "/pod/app/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(machine.quota(), INFINITY) << "-1 is no limit";
    EXPECT_EQ(machine.limit(mount + "/pod/app/cpu.cfs_quota_us", "400000\n").quota(), 4.0);
    EXPECT_EQ(machine.limit(mount + "/pod/app/cpu.cfs_period_us", "50000\n").quota(), 8.0);
    EXPECT_EQ(machine.limit(mount + "/pod/cpu.cfs_quota_us", "250000\n").quota(), 2.5) << "around it";
    EXPECT_EQ(machine.limit(mount + "/other/cpu.cfs_quota_us", "1000\n").quota(), 2.5)
        << "a group of another controller";
  }
}

// v1 beside v2, as distributions had it for years.
TEST(CpuQuota, IsFoundWhereBothVersionsAre) {
  Machine machine("4:cpu,cpuacct:/app\n0::/app\n");
  EXPECT_EQ(machine.limit("cpu/app/cpu.cfs_quota_us", "150000").quota(), 1.5);
  EXPECT_EQ(machine.limit("app/cpu.max", "100000 100000").quota(), 1.0);
}

TEST(CpuQuota, IsNoneWhereNothingTellsOne) {
  EXPECT_EQ(Machine("").quota(), INFINITY);
  EXPECT_EQ(Machine("no colons\n0::/app\n").quota(), INFINITY);
  for (const std::string text : {"", "\n", "many 100000\n", "0 100000\n", "-5 100000\n", "100000 0\n"})
    EXPECT_EQ(Machine("0::/app\n").limit("app/cpu.max", text).quota(), INFINITY) << text;
  EXPECT_EQ(Machine("4:cpu:/app\n").limit("cpu/app/cpu.cfs_quota_us", "").quota(), INFINITY);
}

TEST(CoresWithin, CountsAShareOfACoreAsOne) {
  EXPECT_EQ(cores_within(INFINITY, 8), 8);
  EXPECT_EQ(cores_within(8.5, 8), 8);
  EXPECT_EQ(cores_within(8.0, 8), 8);
  EXPECT_EQ(cores_within(7.01, 8), 8);
  EXPECT_EQ(cores_within(7.0, 8), 7);
  EXPECT_EQ(cores_within(1.5, 8), 2);
  EXPECT_EQ(cores_within(0.01, 8), 1);
  EXPECT_EQ(cores_within(1e12, 8), 8);
}

}  // namespace
}  // namespace pcnn

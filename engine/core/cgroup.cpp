#include "engine/core/cgroup.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace pcnn {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr double kDefaultPeriod = 100000.0;  // microseconds

// mount/a/b, mount/a, mount
void append_around(const std::string& mount, std::string group, std::vector<std::string>& folders) {
  for (;;) {
    while (group.ends_with('/')) group.pop_back();
    folders.push_back(mount + group);
    if (group.empty()) return;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

double cores(double quota, double period) {
  return quota > 0.0 && period > 0.0 ? quota / period : kNoLimit;
}

// cpu.max: "max 100000", "150000 100000" or "150000", microseconds of each period.
double quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = kDefaultPeriod;
  if (!(file >> quota)) return kNoLimit;
  if (double given = 0.0; file >> given) period = given;
  return cores(std::strtod(quota.c_str(), nullptr), period);  // "max" is read as 0
}

// cpu.cfs_quota_us: -1 for no limit.
double quota_v1(const std::string& folder) {
  double quota = -1.0, period = kDefaultPeriod;
  if (std::ifstream file(folder + "/cpu.cfs_quota_us"); !(file >> quota)) return kNoLimit;
  if (double given = 0.0; std::ifstream(folder + "/cpu.cfs_period_us") >> given) period = given;
  return cores(quota, period);
}

}  // namespace

// Lines of /proc/self/cgroup: "0::/group" of v2, "4:cpu,cpuacct:/group" of v1.
CgroupFolders cgroup_folders(std::string_view controller, const std::string& root) {
  const std::string mounts = root + "/sys/fs/cgroup";
  CgroupFolders folders;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    if (names.empty()) append_around(mounts, group, folders.v2);
    if (("," + names + ",").find("," + std::string(controller) + ",") == std::string::npos) continue;
    for (const std::string& mount : {std::string(controller), names})
      append_around(mounts + "/" + mount, group, folders.v1);
  }
  if (folders.v2.empty()) folders.v2 = {mounts};
  if (folders.v1.empty()) folders.v1 = {mounts + "/" + std::string(controller)};
  return folders;
}

double cpu_quota(const std::string& root) {
  const CgroupFolders folders = cgroup_folders("cpu", root);
  double least = kNoLimit;
  for (const std::string& folder : folders.v2) least = std::min(least, quota_v2(folder));
  for (const std::string& folder : folders.v1) least = std::min(least, quota_v1(folder));
  return least;
}

int cores_within(double quota, int cores) {
  return std::max(1, static_cast<int>(std::min<double>(std::ceil(quota), cores)));
}

}  // namespace pcnn

#pragma once

// The limits of the control groups that this process is in (cgroup v2 and v1; `man cgroups`): a container's
// share of the machine. A group has the limits of all groups around it, too.

#include <string>
#include <string_view>
#include <vector>

namespace pcnn {

// Folders that may hold the limits of a controller, of v2 and of v1, whose files have other names: that of
// the process's own group, then those of the groups around it. Some may not exist: a container may see its
// own group as the outermost, whatever its name is outside.
struct CgroupFolders {
  std::vector<std::string> v2, v1;
};

// controller: "cpu", "memory". root: the folder that stands for /, "" for / itself.
[[nodiscard]] CgroupFolders cgroup_folders(std::string_view controller, const std::string& root = "");

// Cores' worth of time that the groups allow, the least of them: 1.5 for 150 ms in each 100; infinity where
// there is no limit. Unreadable or malformed files are no limit.
[[nodiscard]] double cpu_quota(const std::string& root = "");

// How many of `cores` are of use under the quota: a share of a core counts as one, at least 1.
[[nodiscard]] int cores_within(double quota, int cores);

}  // namespace pcnn

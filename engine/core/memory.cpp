#include "engine/core/memory.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

#include "engine/core/cgroup.h"
#include "engine/core/error.h"

namespace pcnn {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// The number that is all of the file; nothing for "max", and where there is none.
std::optional<std::uint64_t> number_in(const std::string& path) {
  std::uint64_t number = 0;
  if (std::ifstream file(path); file >> number) return number;
  return {};
}

// "MemTotal:       16384000 kB"
std::uint64_t physical_memory(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  for (std::string word; file >> word;)
    if (std::uint64_t kilobytes = 0; word == "MemTotal:" && file >> kilobytes) return kilobytes * 1024;
  return kUnlimited;
}

std::uint64_t cgroup_memory(const std::string& root) {
  const CgroupFolders folders = cgroup_folders("memory", root);
  std::uint64_t least = kUnlimited;
  for (const std::string& folder : folders.v2)
    least = std::min(least, number_in(folder + "/memory.max").value_or(kUnlimited));
  for (const std::string& folder : folders.v1)
    least = std::min(least, number_in(folder + "/memory.limit_in_bytes").value_or(kUnlimited));
  return least;
}

}  // namespace

std::uint64_t memory_limit(const std::string& root) {
  return std::min(physical_memory(root), cgroup_memory(root));
}

std::uint64_t memory_limit() {
  rlimit limit{};
  const bool limited = ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return std::min(memory_limit(""), limited ? std::uint64_t{limit.rlim_cur} : kUnlimited);
}

std::string memory_text(double bytes) {
  if (bytes < 1e9) return fmt::format("{:.0f} MB", bytes / 1e6);
  return fmt::format("{:.{}f} GB", bytes / 1e9, bytes < 1e11 ? 1 : 0);
}

void require_memory(double bytes, const std::string& what, const std::string& instead) {
  constexpr double kNoQuestion = 1 << 26;  // asking takes longer than most that are asked for
  if (bytes <= kNoQuestion) return;
  const auto limit = static_cast<double>(memory_limit());
  if (bytes > limit)
    throw ConfigError(
        fmt::format("{} {} of memory, accepted: up to {}, all that this machine or its container has{}", what,
                    memory_text(bytes), memory_text(limit), instead.empty() ? "" : "; " + instead));
}

}  // namespace pcnn

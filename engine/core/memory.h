#pragma once

// What memory there is, asked before it is taken: a process that takes more is killed without a word.

#include <cstdint>
#include <string>

namespace pcnn {

// Bytes this process may use: the machine's memory, cut to the container's limit (cgroup v2 or v1, of its own
// group and of those around it) and to `ulimit -v`. Some of it may be in use already.
[[nodiscard]] std::uint64_t memory_limit();
// The same without `ulimit -v`, from the files under `root` in place of those under /.
[[nodiscard]] std::uint64_t memory_limit(const std::string& root);

// Throws ConfigError where so many bytes cannot be had: "WHAT 12.3 GB of memory, accepted: up to 8.1 GB,
// ...; INSTEAD". what: "a.png: takes".
void require_memory(double bytes, const std::string& what, const std::string& instead = {});

// "12.3 GB", "450 MB"
[[nodiscard]] std::string memory_text(double bytes);

}  // namespace pcnn

#pragma once

// Config files, and the files they include.

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/config/tree.h"

namespace pcnn::config_detail {

inline constexpr std::size_t kMostBytes = 1 << 20;  // of a config, and of each file it includes
inline constexpr std::string_view kIncludeKey = "include";
inline constexpr std::string_view kAcceptedInclude = "the name of a file, or a list of names";

// "x.yaml: cannot be read: <why>", as a ConfigError.
[[noreturn]] void fail_unreadable(const std::string& name, const std::string& why);

// Throws ConfigError where the file cannot be read or is larger than kMostBytes.
[[nodiscard]] std::string read_config_text(const std::string& path);

// Throws ConfigError for a root that is neither a map nor null.
void check_root(const Tree& root, const Source& source);

// Follows `include: base.yaml` or `include: [a.yaml, b.yaml]` at the top of the config source.name, which has
// been read into `root`: its keys are laid over those of the files named, section by section, and among these
// the later over the earlier. Names are relative to the file they stand in. Each file is noted in `source`.
// Throws ConfigError, at the place of the name, for a file that cannot be read or that includes itself, and
// for too many of them.
void follow_includes(Tree& root, Source& source);

}  // namespace pcnn::config_detail

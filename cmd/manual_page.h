#pragma once

// The manual page of a program, from what --help prints: what it does, its examples and its options.

#include <CLI/CLI.hpp>
#include <string>

namespace pcnn {

// Roff with the man macros, for `man` and for /usr/share/man. of: the version that it belongs to.
[[nodiscard]] std::string manual_page(const CLI::App& app, const std::string& of);

}  // namespace pcnn

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn {

// The whole file. Throws FileError, naming the cause, also for a directory.
[[nodiscard]] std::vector<std::byte> read_file(const std::string& path);
[[nodiscard]] std::string read_text_file(const std::string& path);

// Writes beside the file, syncs, and renames over it: at any moment the path holds the old bytes or the new
// ones, whole. Throws FileError, leaving the old file and no temporary.
void write_file_atomic(const std::string& path, std::span<const std::byte> bytes);
void write_file_atomic(const std::string& path, std::string_view text);

// Appends the line and a newline in one write. Throws FileError.
void append_line(const std::string& path, std::string_view line);

}  // namespace pcnn

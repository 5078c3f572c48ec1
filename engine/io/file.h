#pragma once

// Whole files, read and written. Every failure is a FileError that names the path, what could not be done and
// the system's reason.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn {

// Whether there is anything of this name, at the end of symbolic links. Throws FileError where that cannot be
// told, which is no reason to take it for absent.
[[nodiscard]] bool file_exists(const std::string& path);

// All bytes of a regular file. Throws ConfigError where this machine has no memory for them.
[[nodiscard]] std::vector<std::byte> read_file(const std::string& path);

// The first `most` bytes of a regular file, or all where it has fewer.
struct FileStart {
  std::vector<std::byte> bytes;
  std::size_t file_bytes = 0;  // size of the whole
};
[[nodiscard]] FileStart read_file_start(const std::string& path, std::size_t most);

// All text of a regular file.
[[nodiscard]] std::string read_text_file(const std::string& path);
// The last `most` bytes, or all where there are fewer.
[[nodiscard]] std::string read_text_file_end(const std::string& path, std::size_t most);

// Writes `path.part<pid>-<n>` in the same directory, syncs it and renames it over the path: at any moment,
// also after a power cut, the path holds the old bytes or the new ones, whole. A FileError leaves the old
// file and no temporary.
void write_file_atomic(const std::string& path, std::span<const std::byte> bytes);
void write_file_atomic(const std::string& path, std::string_view text);

// Makes the file at `from` the one at `path`, and the one that was there the one at `backup`. At any moment,
// also after a power cut, `path` and `backup` hold whole files if they did before.
void replace_file(const std::string& from, const std::string& path, const std::string& backup);

// Puts on the disk what was appended to the file; nothing where there is none.
void sync_file(const std::string& path);

// Renames a file or directory; durable once this returns. Throws FileError, where `to` is there and no empty
// directory, too.
void rename_durably(const std::string& from, const std::string& to);
// Each gets the other's name, at one moment. False where the file system cannot do that.
[[nodiscard]] bool exchange_names(const std::string& one, const std::string& other);

// Appends the line and a newline in one write(), so that lines of several writers do not mix. Creates the
// file; does not sync.
void append_line(const std::string& path, std::string_view line);
// The same for any bytes, as they are.
void append_bytes(const std::string& path, std::string_view bytes);

}  // namespace pcnn

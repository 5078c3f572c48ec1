#pragma once

// Half-written files of processes that ended in the middle of write_file_atomic() or replace_file(). Known by
// their names, "<name>.part<pid>-<n>"; a process that is still writing one holds a lock on it, which the
// system drops with the process.

#include <string>
#include <string_view>

namespace pcnn {

// Whether a file of this name is one.
[[nodiscard]] bool is_half_written(std::string_view name);

// Removes the one that write_file_atomic() is writing in this process, which then never returns: for a signal
// handler that is about to end the process.
void remove_unfinished_file() noexcept;

// Removes those of the file of this name.
void remove_leftovers_of(const std::string& path);
// Removes all in the directory.
void remove_leftovers_in(const std::string& directory);
// Removes all in the directory and everywhere below it.
void remove_leftovers_below(const std::string& directory);

}  // namespace pcnn

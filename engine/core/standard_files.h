#pragma once

// Standard input, output and error as a process finds them: open or closed, a file on a full disk, a
// terminal, or a pipe that nobody reads any more.

#include <cstdio>
#include <string>
#include <string_view>

namespace pcnn {

// Call first in main(). Opens /dev/null in place of those that are closed: the next file opened would get the
// number of one of them, and what is printed. Writing to a pipe without a reader, and beyond the file size
// limit, then fails as other writes do, with EPIPE and EFBIG; a signal would end the process.
void prepare_standard_files();

// Writes the text to standard output or error, at once. Where nobody is left to read it (a closed pipe, a
// terminal that is gone) this text and all after it is dropped, and that is no failure. Thread-safe for a
// FILE as fputs() is.
void show_text(std::FILE* where, std::string_view text);

// The system's reason why standard output did not take all that was shown; "" where it did.
[[nodiscard]] std::string standard_output_failure();

}  // namespace pcnn

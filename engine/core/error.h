#pragma once

// The exceptions pcnn throws. Each message is one line that says where, what was found and what would be
// right. main() catches pcnn::Error once and turns exit_code() into the process status.

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace pcnn {

// Root of every error the engine reports on purpose.
class Error : public std::runtime_error {
 public:
  // Control characters, which files and names may bring in, are written as \n or \x1B: it stays one line.
  explicit Error(const std::string& message);
  // 2 where the user can mend it (arguments, config, input files), 1 where it is ours.
  [[nodiscard]] virtual int exit_code() const { return 2; }
};

// A config, override or command line that cannot be used. The message opens with `file:line:column:
// key.path:`.
class ConfigError : public Error {
 public:
  using Error::Error;
};

// A file whose bytes are not what its format says.
class FormatError : public Error {
 public:
  FormatError(const std::string& path, std::uint64_t byte_offset, const std::string& what)
      : Error(path + ": byte " + std::to_string(byte_offset) + ": " + what) {}
};

// The operating system refused a file operation.
class FileError : public Error {
 public:
  FileError(const std::string& path, const std::string& what) : Error(path + ": " + what) {}
};

// A computation that could not be set up or run: op, shapes, the library's status.
class ComputeError : public Error {
 public:
  using Error::Error;
  [[nodiscard]] int exit_code() const override { return 1; }
};

// A FileError of which the system's reason is known. It says nothing against the bytes of the file: what is
// there may be as good as ever, and the same operation may succeed later. (What is wrong with the bytes is a
// FormatError.)
class SystemError : public FileError {
 public:
  // cause: a value of errno, which the message names.
  SystemError(const std::string& path, const std::string& what, int cause)
      : FileError(path, what + ": " + std::strerror(cause)), cause_(cause) {}
  [[nodiscard]] int cause() const { return cause_; }

 private:
  int cause_;
};

}  // namespace pcnn

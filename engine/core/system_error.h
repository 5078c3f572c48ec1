#pragma once

#include <cstring>
#include <string>

#include "engine/core/error.h"

namespace pcnn {

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

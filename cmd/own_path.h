#pragma once

#include <filesystem>
#include <string>

namespace pcnn {

// The path of a program that lies beside this one.
inline std::string beside_this_program(const std::string& name) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? name : (own.parent_path() / name).string();
}

}  // namespace pcnn

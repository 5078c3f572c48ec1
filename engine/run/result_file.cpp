#include "engine/run/result_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/io/file_ending.h"
#include "engine/io/leftovers.h"

namespace pcnn {

namespace fs = std::filesystem;

void check_ending(const std::string& path, std::string_view option, std::string_view ending) {
  if (has_ending(path, ending)) return;
  throw ConfigError(path + ": " + std::string(option) + " accepts a name in " + std::string(ending));
}

void check_result_file(const std::string& path, bool overwrite) {
  std::error_code error;
  if (fs::is_directory(path, error)) throw ConfigError(path + ": is a folder, accepted: a file");
  if (!overwrite && fs::exists(path, error))
    throw ConfigError(path + ": exists already; choose another name, or --overwrite");
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty() && !fs::is_directory(parent, error))
    throw ConfigError(path + ": there is no folder " + parent.string());
  if (access(parent.empty() ? "." : parent.c_str(), W_OK) != 0)
    throw FileError(path, std::string("its folder cannot be written to: ") + std::strerror(errno));
  remove_leftovers_of(path);
}

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return fs::weakly_canonical(fs::absolute(a), error) == fs::weakly_canonical(fs::absolute(b), error);
}

}  // namespace pcnn

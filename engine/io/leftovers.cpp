#include "engine/io/leftovers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <system_error>

namespace pcnn {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPart = ".part", kDigits = "0123456789";

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

// "<pid>-<n>".
bool is_writer(std::string_view text) {
  const std::size_t dash = text.find('-');
  return dash != std::string_view::npos && is_number(text.substr(0, dash)) &&
         is_number(text.substr(dash + 1));
}

// Of which file this is a part; "" where it is none.
std::string_view target_of(std::string_view name) {
  const std::size_t part = name.rfind(kPart);
  return part != std::string_view::npos && is_writer(name.substr(part + kPart.size())) ? name.substr(0, part)
                                                                                       : "";
}

void remove_unless_in_use(const fs::path& path) {
  std::error_code error;
  if (fs::symlink_status(path, error).type() != fs::file_type::regular) return;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return;
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
  ::close(fd);
}

// Iterator: over the entries of a directory, or of all below it too. is_meant(target): whether to remove
// parts of the file of this name.
template <typename Iterator, typename IsMeant>
void remove_parts(const fs::path& directory, const IsMeant& is_meant) {
  std::error_code error;
  for (Iterator at(directory, fs::directory_options::skip_permission_denied, error), end; at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    if (const std::string_view target = target_of(name); !target.empty() && is_meant(target))
      remove_unless_in_use(at->path());
  }
}

bool is_any(std::string_view /*target*/) {
  return true;
}

}  // namespace

bool is_half_written(std::string_view name) {
  return !target_of(name).empty();
}

void remove_leftovers_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  const std::string name = fs::path(path).filename();
  remove_parts<fs::directory_iterator>(parent.empty() ? "." : parent,
                                       [&](std::string_view target) { return target == name; });
}

void remove_leftovers_in(const std::string& directory) {
  remove_parts<fs::directory_iterator>(directory, is_any);
}

void remove_leftovers_below(const std::string& directory) {
  remove_parts<fs::recursive_directory_iterator>(directory, is_any);
}

}  // namespace pcnn

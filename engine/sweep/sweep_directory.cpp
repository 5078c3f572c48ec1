#include "engine/sweep/sweep_directory.h"

#include <utility>

#include "engine/io/file.h"
#include "engine/run/run_lock.h"

namespace pcnn {

SweepDirectory::SweepDirectory(std::string output, std::string name)
    : output_(std::move(output)), name_(std::move(name)), path_(output_ + "/" + name_) {}

SweepDirectory SweepDirectory::at(const std::string& path) const {
  SweepDirectory other = *this;
  other.path_ = path;
  return other;
}

bool SweepDirectory::has_begun() const {
  return file_exists(state());
}

const StartFiles& SweepDirectory::start_files() {
  static const StartFiles files{
      .what = "sweep",
      .whole = "sweep.json",
      .config = "sweep.yaml",
      .log = "log.txt",
      .is_left_by_start = [](const std::string&, const std::string& name) { return name == kClaims; }};
  return files;
}

void SweepDirectory::check() const {
  if (has_begun())
    RunLock::check_free(path_);
  else
    check_can_begin(path_, start_files());
}

}  // namespace pcnn

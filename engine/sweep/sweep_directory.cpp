#include "engine/sweep/sweep_directory.h"

#include <filesystem>
#include <utility>

#include "engine/core/error.h"

namespace pcnn {

namespace fs = std::filesystem;

SweepDirectory::SweepDirectory(std::string output, std::string name)
    : output_(std::move(output)), name_(std::move(name)), path_(output_ + "/" + name_) {}

bool SweepDirectory::has_begun() const {
  std::error_code error;
  return fs::exists(state(), error);
}

void SweepDirectory::check() const {
  std::error_code error;
  // The lock of a sweep that was killed before it wrote anything down is nothing.
  if (fs::exists(path_, error) && !has_begun())
    for (const auto& entry : fs::directory_iterator(path_, error))
      if (entry.path().filename() != "lock")
        throw ConfigError(path_ +
                          ": exists already and is no sweep; choose another directory with name=NAME or "
                          "output=DIRECTORY");
}

void SweepDirectory::prepare() const {
  check();
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) throw FileError(path_, "cannot be made: " + error.message());
}

}  // namespace pcnn

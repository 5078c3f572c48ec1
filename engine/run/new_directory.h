#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/run/run_lock.h"

namespace pcnn {

// What is known of a directory before it is whole: of a run, or of a sweep.
struct StartFiles {
  std::string_view what;    // "run"
  std::string_view whole;   // the file that makes it whole
  std::string_view config;  // of what is begun
  std::string_view log;
  // Whether a start may have left the entry of this name in the directory, and nothing is lost with it. The
  // three above are not asked for.
  std::function<bool(const std::string& directory, const std::string& name)> is_left_by_start;
};

// The name under which the directory is made, beside its own: hidden, and the same for every process.
[[nodiscard]] std::string starting_name(const std::string& path);

// Throws ConfigError where the name is taken by something else than a start that came to nothing, or a
// process works under it; FileError where the directory could not be made. Makes nothing.
void check_can_begin(const std::string& path, const StartFiles& files);

// Removes what a killed process left under the starting_name(), unless a process works there.
void remove_abandoned_start(const std::string& path, const StartFiles& files);

// A directory in the making. It lies beside its place under its starting_name() until it is whole, so that
// there never is a half one of its own name, whatever ends the process. What a killed process left of a start
// is used up by the next one of the same name.
// One thread at a time.
class NewDirectory {
 public:
  // Makes and locks it. Throws what check_can_begin() throws.
  NewDirectory(std::string path, const StartFiles& files);
  // Removes it where it never was whole.
  ~NewDirectory();
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;

  // Where it lies now.
  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] const RunLock& lock() const { return *lock_; }
  [[nodiscard]] RunLock& lock() { return *lock_; }

  // Gives it its own name, once all is in it. What an unfinished start left under that name goes: its log is
  // the beginning of this one's since the constructor, another config is kept as CONFIG.before. Returns a
  // note about that; "" where nothing was there. Throws ConfigError where another process took the name
  // meanwhile.
  [[nodiscard]] std::string take_name();

 private:
  void make_and_lock();
  void take_over_log();
  [[nodiscard]] std::string keep_other_config() const;
  void replace_unfinished();

  std::string path_, place_;
  const StartFiles files_;
  std::optional<RunLock> lock_;
  std::optional<RunLock> unfinished_;  // of what has the name and never was whole
};

}  // namespace pcnn

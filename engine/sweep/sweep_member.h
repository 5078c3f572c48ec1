#pragma once

#include <optional>
#include <string>

#include "engine/run/console.h"
#include "engine/run/new_directory.h"
#include "engine/run/run_lock.h"
#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/trial_claims.h"

namespace pcnn {

// This process as one of those at work on a sweep: it makes the sweep's directory, or joins those that work
// there. Where the file system has no record locks it works alone, and a note says so.
// One thread at a time.
class SweepMember {
 public:
  // Waits a little where another process is just making the directory. Throws DirectoryInUse where one works
  // there that shares with nobody, what NewDirectory and RunLock throw, and Interrupted.
  SweepMember(const SweepDirectory& directory, Console& console);

  // Where the directory lies now.
  [[nodiscard]] const std::string& place() const { return made_ ? made_->place() : path_; }
  // Once all is in it that a sweep has: gives a new directory its name, and lets others in. Returns what
  // NewDirectory::take_name() does; "" where the sweep had begun.
  [[nodiscard]] std::string begin();

  [[nodiscard]] const RunLock& lock() const { return made_ ? made_->lock() : *joined_; }
  [[nodiscard]] TrialClaims& claims() { return *claims_; }

 private:
  [[nodiscard]] RunLock& lock() { return made_ ? made_->lock() : *joined_; }

  std::string path_;
  std::optional<TrialClaims> claims_;
  std::optional<NewDirectory> made_;
  std::optional<RunLock> joined_;
};

}  // namespace pcnn

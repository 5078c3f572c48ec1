#include "engine/sweep/sweep_member.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "engine/core/error.h"
#include "engine/run/interruption.h"

namespace pcnn {
namespace {

constexpr std::chrono::seconds kPatience{5};  // with a process that makes the directory
constexpr std::chrono::milliseconds kPause{50};

void stop_where_interrupted() {
  if (const int signal = InterruptionGuard::signal(); signal != 0)
    throw Interrupted(signal, fmt::format("interrupted by {} before it began", name_of_signal(signal)));
}

}  // namespace

SweepMember::SweepMember(const SweepDirectory& directory, Console& console) : path_(directory.path()) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!joined_ && !made_) {
    stop_where_interrupted();
    try {
      if (directory.has_begun())
        joined_.emplace(path_, path_, Holders::kMany);
      else
        made_.emplace(path_, SweepDirectory::start_files());
    } catch (const DirectoryInUse&) {
      if (std::chrono::steady_clock::now() > limit) throw;
      std::this_thread::sleep_for(kPause);
    } catch (const ConfigError&) {
      if (joined_ || !directory.has_begun()) throw;  // else it has begun since it was looked at
    }
  }
  claims_.emplace(place() + "/" + SweepDirectory::kClaims, path_ + "/" + SweepDirectory::kClaims);
  lock().remove_at_the_end(SweepDirectory::kClaims);
  if (claims_->can_share()) return;
  console.warning(
      fmt::format("note: {}: its file system has no record locks ({}): this process works on the sweep alone",
                  path_, claims_->refusal()));
  if (!joined_) return;
  joined_.reset();
  joined_.emplace(path_);
}

std::string SweepMember::begin() {
  if (!made_) return "";
  std::string note = made_->take_name();
  if (claims_->can_share()) made_->lock().share();
  return note;
}

}  // namespace pcnn

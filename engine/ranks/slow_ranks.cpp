#include "engine/ranks/slow_ranks.h"

#include <utility>

namespace pcnn {
namespace {

std::string seconds_text(SlowRanks::Clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

SlowRanks::SlowRanks(std::vector<std::string> names, Note note, Clock::duration patience)
    : names_(std::move(names)),
      note_(std::move(note)),
      patience_(patience),
      limits_(names_.size(), patience) {}

bool SlowRanks::Wait::is_long() const {
  return named_.empty() && Clock::now() - begin_ >= ranks_.patience_;
}

void SlowRanks::Wait::name(std::size_t rank) {
  const Clock::duration waited = Clock::now() - begin_;
  if (!named_.empty() || waited < ranks_.limits_[rank]) return;
  named_ = ranks_.names_[rank];
  ranks_.limits_[rank] = 2 * waited;
  ranks_.note_("waiting for " + named_ + ", which has not answered for " + seconds_text(waited));
}

SlowRanks::Wait::~Wait() {
  if (!named_.empty()) ranks_.note_(named_ + " has answered after " + seconds_text(Clock::now() - begin_));
}

}  // namespace pcnn

#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/run/console.h"
#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_plan.h"
#include "engine/sweep/trial.h"
#include "engine/sweep/trial_claims.h"

namespace pcnn {

// The trials of a sweep and how far each has come, whichever process trains it. Of those that this process
// has claimed it knows best; of the others it reads in sweep.json how they ended, in their run directories
// how far they are, and by their claims whether somebody trains them. One thread at a time.
class TrialTable {
 public:
  // All must outlive this.
  TrialTable(const SweepPlan& plan, const SweepDirectory& directory, TrialClaims& claims,
             std::vector<Trial> trials, Console& console);

  [[nodiscard]] const std::vector<Trial>& all() const { return trials_; }
  // By index. Until the next call of follow_others(), which may add trials at the end.
  [[nodiscard]] Trial& operator[](std::size_t index) { return trials_[index]; }
  [[nodiscard]] std::ptrdiff_t count(TrialState state) const;

  // Looks at what other processes did. Returns the indices of their trials that have come further. What it
  // says holds as long as this process has the turn.
  std::vector<std::size_t> follow_others();
  // Whether the trial has come further since it was last looked at. What cannot be read is said once.
  [[nodiscard]] bool read_new_epochs(Trial& trial);
  // Writes sweep.json. In a turn, after follow_others().
  void save();

 private:
  [[nodiscard]] bool is_own(const Trial& trial) const { return claims_.has(trial.number); }

  const SweepPlan& plan_;
  const SweepDirectory& directory_;
  TrialClaims& claims_;
  std::vector<Trial> trials_;
  Console& console_;
  std::string state_read_;           // what follow_others() read last of sweep.json
  std::map<int, std::string> read_;  // by trial: what read_new_epochs() read last, by size and time
  std::map<int, bool> has_notes_;    // trials of which read_new_epochs() has said what it passes over
};

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/sweep/sweep_config.h"

namespace pcnn {

// Stops trials that fall behind, without waiting for the others. At the rungs, which are grace, grace * r,
// grace * r^2, ... epochs below max (r: the reduction factor), a trial goes on where it is among the best
// 1/r, rounded up, of all values met at that rung so far. The first at a rung always goes on; what came later
// is not held against those before.
// One thread at a time.
class SuccessiveHalving {
 public:
  // max_epochs: of a trial that is never stopped.
  SuccessiveHalving(const EarlyStopping& rule, std::int64_t max_epochs, const Objective& objective);

  [[nodiscard]] bool is_rung(std::int64_t epoch) const;
  // Notes what a trial reached by the epoch of a rung, once for each trial and rung; whether it goes on.
  bool goes_on(std::int64_t epoch, double value);

 private:
  std::int64_t reduction_factor_;
  Objective objective_;
  std::map<std::int64_t, std::vector<double>> rungs_;  // values by epoch
};

}  // namespace pcnn

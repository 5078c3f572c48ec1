#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/run/run_parts.h"
#include "engine/run/spent_budget.h"
#include "engine/train/trainer.h"

namespace pcnn {

struct BestEpoch {
  double validation_nats_per_dim = 0.0;
  std::int64_t epoch = 0;
};

// Where a run stands, beside the state of its trainer.
struct Standing {
  std::optional<BestEpoch> best;
  bool epoch_is_open = false;  // trained to its end, but not validated, sampled and written down
};

// What ends training here; none where it goes on.
[[nodiscard]] std::optional<SpentBudget> spent_here(const RunParts& run, const Trainer& trainer,
                                                    const Standing& standing);

// Where a resumed run has nothing left to do, a line that says how to go on beyond that; else "".
[[nodiscard]] std::string how_to_go_beyond(const RunParts& run, const Trainer& trainer,
                                           const Standing& standing);

// For a shell: "pcnn-run --resume runs/mnist".
[[nodiscard]] std::string resume_command(const std::string& directory);

}  // namespace pcnn

#pragma once

// The learning rate as a pure function of the global step, so a resumed run continues it exactly.
//
//   warm-up        base (step + 1) / warmup_steps while step < warmup_steps, for every kind:
//                  no update is spent at rate 0
//   constant       base
//   warmup_cosine  half a cosine from base at step = warmup_steps to base * final_fraction at
//                  step = total_steps, and level after it (Loshchilov & Hutter, SGDR, eq. 5, no restarts)
//   step           base * gamma^floor(step / interval), where the interval is every_steps or
//                  every_epochs * steps_per_epoch

#include <cstdint>

namespace pcnn {

enum class ScheduleKind { kConstant, kWarmupCosine, kStep };

struct ScheduleConfig {
  ScheduleKind kind = ScheduleKind::kConstant;
  std::int64_t warmup_steps = 0;
  double final_fraction = 0.0;    // warmup_cosine: the floor, as a fraction of the base rate
  std::int64_t every_epochs = 0;  // step: exactly one of the two is positive
  std::int64_t every_steps = 0;
  double gamma = 0.1;  // step

  friend bool operator==(const ScheduleConfig&, const ScheduleConfig&) = default;
};

// The rate of update number `step`, counted from 0 over the whole training. total_steps is read by
// warmup_cosine only, steps_per_epoch by step with every_epochs only; both must be positive where they are
// read.
[[nodiscard]] double learning_rate_at(const ScheduleConfig& config, double base, std::int64_t step,
                                      std::int64_t total_steps, std::int64_t steps_per_epoch);

}  // namespace pcnn

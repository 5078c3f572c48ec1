#include "engine/train/schedule.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace pcnn {
namespace {

double cosine_factor(const ScheduleConfig& config, std::int64_t step, std::int64_t total_steps) {
  assert(total_steps > 0);
  const std::int64_t length = total_steps - config.warmup_steps;
  // A run that ends inside the warm-up never gets here; a step past the end stays on the floor.
  if (length <= 0 || step >= total_steps) return config.final_fraction;
  const double progress = static_cast<double>(step - config.warmup_steps) / static_cast<double>(length);
  const double height = 0.5 * (1.0 + std::cos(std::numbers::pi * progress));  // 1 down to 0
  return config.final_fraction + (1.0 - config.final_fraction) * height;
}

double step_factor(const ScheduleConfig& config, std::int64_t step, std::int64_t steps_per_epoch) {
  const std::int64_t interval =
      config.every_steps > 0 ? config.every_steps : config.every_epochs * steps_per_epoch;
  assert(interval > 0);
  return std::pow(config.gamma, static_cast<double>(step / interval));
}

}  // namespace

double learning_rate_at(const ScheduleConfig& config, double base, std::int64_t step,
                        std::int64_t total_steps, std::int64_t steps_per_epoch) {
  if (step < config.warmup_steps) {
    return base * static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  }
  switch (config.kind) {
    case ScheduleKind::kConstant:
      return base;
    case ScheduleKind::kWarmupCosine:
      return base * cosine_factor(config, step, total_steps);
    case ScheduleKind::kStep:
      return base * step_factor(config, step, steps_per_epoch);
  }
  assert(false);
  return base;
}

}  // namespace pcnn

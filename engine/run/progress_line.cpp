#include "engine/run/progress_line.h"

#include <fmt/format.h>
#include <cstdint>

#include <algorithm>
#include <cmath>

namespace pcnn {

std::string progress_line(const TrainConfig& config, const Progress& progress, std::int64_t steps_per_epoch) {
  const std::int64_t done = (progress.step - 1) / steps_per_epoch;  // epochs before this one
  const auto total = config.total_steps(steps_per_epoch);
  const double per_step =
      progress.epoch.seconds / static_cast<double>(std::max<std::int64_t>(1, progress.epoch.steps));
  double left = total ? static_cast<double>(*total - progress.step) * per_step : INFINITY;
  if (config.seconds) left = std::min(left, *config.seconds - progress.seconds);
  return fmt::format("epoch {}{}  step {}/{}  {:.0f} images/s  loss {:.4f} nats/dim  {} left", done + 1,
                     config.epochs ? fmt::format("/{}", *config.epochs) : "",
                     progress.step - done * steps_per_epoch, steps_per_epoch,
                     progress.epoch.images_per_second(), progress.epoch.nats_per_dim(), clock_text(left));
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/run/metrics.h"
#include "engine/train/trainer.h"

namespace pcnn {

// What whoever started a run is told of it, on the thread that runs it. Where on_step or on_epoch returns
// false the run ends as one that a signal ends: its state is saved.
struct RunHooks {
  std::function<void(const std::string& directory)> on_start{};
  std::function<bool(const Progress& progress, std::int64_t epoch)> on_step{};
  std::function<bool(const EpochMetrics& epoch)> on_epoch{};
};

}  // namespace pcnn

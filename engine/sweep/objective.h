#pragma once

#include <string_view>

#include "engine/run/metrics.h"

namespace pcnn {

enum class Metric { kValidationNatsPerDim, kValidationBitsPerDim, kTrainNatsPerDim, kImagesPerSecond };
enum class Goal { kMinimise, kMaximise };

// What the trials of a sweep are judged by. Of the test split there is no metric: who chooses by it has no
// test left.
struct Objective {
  Metric metric = Metric::kValidationNatsPerDim;
  Goal goal = Goal::kMinimise;

  [[nodiscard]] double value(const EpochMetrics& epoch) const;
  [[nodiscard]] bool is_better(double a, double b) const { return goal == Goal::kMinimise ? a < b : a > b; }
  [[nodiscard]] std::string_view name() const;     // as in configs: "validation_nats_per_dim"
  [[nodiscard]] std::string_view heading() const;  // for people: "validation nats/dim"
};

}  // namespace pcnn

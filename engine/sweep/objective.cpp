#include "engine/sweep/objective.h"

#include <numbers>

namespace pcnn {

double Objective::value(const EpochMetrics& epoch) const {
  switch (metric) {
    case Metric::kValidationNatsPerDim:
      return epoch.validation_nats_per_dim;
    case Metric::kValidationBitsPerDim:
      return epoch.validation_nats_per_dim / std::numbers::ln2;
    case Metric::kTrainNatsPerDim:
      return epoch.train_nats_per_dim;
    case Metric::kImagesPerSecond:
      return epoch.images_per_second;
  }
  return 0.0;
}

std::string_view Objective::name() const {
  switch (metric) {
    case Metric::kValidationNatsPerDim:
      return "validation_nats_per_dim";
    case Metric::kValidationBitsPerDim:
      return "validation_bits_per_dim";
    case Metric::kTrainNatsPerDim:
      return "train_nats_per_dim";
    case Metric::kImagesPerSecond:
      return "images_per_second";
  }
  return "";
}

std::string_view Objective::heading() const {
  switch (metric) {
    case Metric::kValidationNatsPerDim:
      return "validation nats/dim";
    case Metric::kValidationBitsPerDim:
      return "validation bits/dim";
    case Metric::kTrainNatsPerDim:
      return "train nats/dim";
    case Metric::kImagesPerSecond:
      return "images/s";
  }
  return "";
}

}  // namespace pcnn

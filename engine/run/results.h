#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/run/run_parts.h"

namespace pcnn {

// One of the final scores: of the test split, with the parameters of one epoch.
struct FinalScore {
  std::string parameters;  // "lowest validation loss"
  std::int64_t epoch = 0;
  std::int64_t images = 0;
  double nats_per_dim = 0.0, nats_per_image = 0.0, bits_per_dim = 0.0;
};

// Writes results.json. Throws FileError.
void write_results(const RunParts& run, const std::vector<FinalScore>& scores);

}  // namespace pcnn

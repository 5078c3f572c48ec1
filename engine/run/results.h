#pragma once

// results.json: how a run ended, and its final scores.
//
//   {"ended": "completed", "reason": "train.epochs=10 is reached", "step": 8600, "epoch": 10,
//    "split": "MNIST test split, 10,000 images", "binarisation": "...", "precision": "f32",
//    "library": "oneDNN 2.6.3", "instructions": "AVX2", "sampling": "f32", "note": "",
//    "models": [{"parameters": "lowest validation loss", "epoch": 9, "images": 10000, "nats_per_dim": ...}]}
//
// A run that ended before its final scores has the first line alone, and "diverged": true where training
// diverged; one that is training, none of it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/ending.h"
#include "engine/run/run_parts.h"

namespace pcnn {

// One of the final scores: of the test split, with the parameters of one epoch.
struct FinalScore {
  std::string parameters;  // "lowest validation loss"
  std::int64_t epoch = 0;
  std::int64_t images = 0;
  double nats_per_dim = 0.0, nats_per_image = 0.0, bits_per_dim = 0.0;
};

struct RunResults {
  std::optional<Ending> ending;    // none in files older than this field
  std::string split;               // that was scored; empty without scores
  std::vector<FinalScore> scores;  // the first: of the best parameters, or the last where those are damaged
};

// Throws FileError.
void write_results(const RunParts& run, const Ending& ending, const std::vector<FinalScore>& scores);
// None where there is no such file, or it cannot be read: then the note says so, and is left as it is
// otherwise.
[[nodiscard]] std::optional<RunResults> read_results(const std::string& path, std::string& note);

}  // namespace pcnn

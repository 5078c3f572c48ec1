#pragma once

// The `sweep` section of a config: which trials to make of it, and how to run and judge them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/sweep/objective.h"

namespace pcnn {

class ConfigNode;

enum class SearchMethod {
  kGrid,    // every combination
  kRandom,  // Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 2012
};

// Numbers from min to max, both among them.
struct ParameterRange {
  double min = 0.0, max = 1.0;
  bool log = false;                   // evenly over the logarithm; min > 0
  bool whole = false;                 // integers
  std::optional<std::int64_t> count;  // of values in a grid; none: every integer of a whole range
};

struct SweptParameter {
  std::string path;                 // "train.batch"
  std::vector<std::string> values;  // as YAML; none where there is a range
  std::optional<ParameterRange> range;
};

// Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys
// 2020), by epochs; see successive_halving.h.
struct EarlyStopping {
  std::optional<std::int64_t> max;  // epochs of a trial that is never stopped; none: train.epochs
  std::int64_t grace = 1;           // epochs every trial gets
  std::int64_t reduction_factor = 3;
};

struct SweepConfig {
  SearchMethod method = SearchMethod::kGrid;
  std::int64_t trials = 10;  // kRandom
  std::uint64_t seed = 1;    // kRandom
  int parallel = 1;          // trials at once; the threads are shared out among them
  Objective objective;
  std::optional<EarlyStopping> early_stopping;
  std::vector<SweptParameter> parameters;  // paths of now
  std::vector<std::string> notes;          // on those that were given an old one
};

inline constexpr std::int64_t kMostTrials = 10000;

// Reads the section and refuses keys it does not know. `extra`: the command line's lists, each in place of a
// parameter of the section with its path or after them; `fixed`: paths that the command line gives one value,
// which are swept no more. Throws ConfigError.
[[nodiscard]] SweepConfig read_sweep_config(const ConfigNode& sweep,
                                            const std::vector<SweptParameter>& extra = {},
                                            const std::vector<std::string>& fixed = {});

}  // namespace pcnn

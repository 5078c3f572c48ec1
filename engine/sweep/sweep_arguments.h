#pragma once

// key=value as pcnn-sweep takes it, which is as Hydra does: `train.batch=32,64` is a list to sweep over,
// `train.batch=32` one value for every trial, `model.output.filters=[64,64]` one value too.

#include <string>
#include <vector>

#include "engine/sweep/sweep_config.h"

namespace pcnn {

struct SweepArguments {
  std::vector<std::string> fixed;     // key=value
  std::vector<SweptParameter> swept;  // in the order given
  // Keys of `fixed`.
  [[nodiscard]] std::vector<std::string> fixed_paths() const;
};

// Throws ConfigError where a list has an empty item or one key is given twice.
[[nodiscard]] SweepArguments split_arguments(const std::vector<std::string>& arguments);

// The text's parts between commas outside brackets and quotes; spaces around them are left away.
[[nodiscard]] std::vector<std::string> split_at_commas(const std::string& text);

}  // namespace pcnn

#pragma once

#include <optional>
#include <string>

#include "engine/compile/precision.h"

namespace pcnn {

// The config's `precision`: nothing for `auto`.
using PrecisionChoice = std::optional<Precision>;

struct ChosenPrecision {
  Precision precision = Precision::kF32;
  std::string note;  // one line where the wish cannot be met or is slow here; else empty
};

// auto takes bf16 where the processor multiplies it in hardware.
[[nodiscard]] ChosenPrecision choose_precision(PrecisionChoice choice);

}  // namespace pcnn

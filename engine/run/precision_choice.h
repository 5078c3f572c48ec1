#pragma once

#include <optional>
#include <string>

#include "engine/compile/backend.h"

namespace pcnn {

// The config's `precision`: nothing for `auto`.
using PrecisionChoice = std::optional<Precision>;

// What computing in bf16 takes here.
enum class Bf16Support {
  kNone,
  kEmulated,  // f32 is faster
  kHardware,
};
[[nodiscard]] Bf16Support bf16_support();

struct ChosenPrecision {
  Precision precision = Precision::kF32;
  std::string note;  // one line where the wish cannot be met or is slow here; else empty
};

// auto takes bf16 where the processor multiplies it in hardware.
[[nodiscard]] ChosenPrecision choose_precision(PrecisionChoice choice, Bf16Support support = bf16_support());

}  // namespace pcnn

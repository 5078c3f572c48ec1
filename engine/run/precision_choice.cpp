#include "engine/run/precision_choice.h"

namespace pcnn {

Bf16Support bf16_support() {
  if (has_hardware_for(Precision::kBf16)) return Bf16Support::kHardware;
  return can_compute(Precision::kBf16) ? Bf16Support::kEmulated : Bf16Support::kNone;
}

ChosenPrecision choose_precision(PrecisionChoice choice, Bf16Support support) {
  const bool hardware = support == Bf16Support::kHardware;
  if (!choice) return {hardware ? Precision::kBf16 : Precision::kF32, ""};
  if (*choice == Precision::kF32 || hardware) return {*choice, ""};
  if (support == Bf16Support::kEmulated)
    return {*choice,
            "precision: this processor has no bf16 instructions and emulates them; f32 is faster here"};
  return {Precision::kF32,
          "precision: bf16 needs AVX-512 (F, BW, VL and DQ), which is not to be had here; computing in f32"};
}

}  // namespace pcnn

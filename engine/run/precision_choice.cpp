#include "engine/run/precision_choice.h"

namespace pcnn {

ChosenPrecision choose_precision(PrecisionChoice choice) {
  const bool hardware = has_hardware_for(Precision::kBf16);
  if (!choice) return {hardware ? Precision::kBf16 : Precision::kF32, ""};
  if (*choice == Precision::kF32 || hardware) return {*choice, ""};
  if (can_compute(*choice))
    return {*choice,
            "precision: this processor has no bf16 instructions and emulates them; f32 is faster here"};
  return {Precision::kF32,
          "precision: bf16 needs AVX-512 (F, BW, VL and DQ), which is not to be had here; computing in f32"};
}

}  // namespace pcnn

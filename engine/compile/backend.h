#pragma once

#include <string>

namespace pcnn {

// What computes the networks here.
struct Backend {
  std::string library;          // "oneDNN 2.6.3"
  std::string runtime;          // of its threads: "OpenMP", "TBB", "sequential"
  std::string instruction_set;  // the best it may use, ONEDNN_MAX_CPU_ISA heeded: "AVX-512 with bf16"
};
[[nodiscard]] Backend backend();

// What feature maps, their gradients and packed weights are held in. Parameters, their gradients, logits and
// losses are f32 under both, and every sum is computed in f32 before it is rounded to this.
enum class Precision { kF32, kBf16 };

// Whether oneDNN has kernels for it here: bf16 needs AVX-512.
[[nodiscard]] bool can_compute(Precision precision);

// Whether the processor itself multiplies it (bf16: AVX512_BF16 or AMX); elsewhere bf16 is emulated, slower
// than f32.
[[nodiscard]] bool has_hardware_for(Precision precision);

[[nodiscard]] const char* name_of(Precision precision);  // "f32", "bf16"

}  // namespace pcnn

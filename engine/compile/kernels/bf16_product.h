#pragma once

// Which product the sampler and training's convolutions compute bf16 with; where there is none, convolutions
// are oneDNN's. A table by kind of processor, not a measurement at start: the products round in different
// places, and the same seed has to give the same parameters and images every time on a machine, whatever else
// runs there, and the same image whether it is drawn alone or among many.

namespace pcnn {

enum class Bf16Product {
  kNone,     // f32 is faster
  kVectors,  // vdpbf16ps, of AVX512_BF16
  kTiles,    // tdpbf16ps, of AMX
};

// What of a processor decides.
struct Bf16Instructions {
  bool vectors = false;
  bool tiles = false;
  bool is_intel = false;
};
// Of this one, as far as ONEDNN_MAX_CPU_ISA allows them.
[[nodiscard]] Bf16Instructions bf16_instructions();

[[nodiscard]] Bf16Product fastest_bf16_product(const Bf16Instructions& here);

}  // namespace pcnn

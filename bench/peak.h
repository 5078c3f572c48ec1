#pragma once

#include "engine/compile/backend.h"
#include "engine/core/parallel.h"

namespace pcnn {

// GFLOP/s of independent multiply-adds on registers, fused where the processor can, on as many threads as
// there are workers: what no convolution of that precision can pass. bf16: of the widest instruction there
// is, tiles of products (tdpbf16ps of AMX) or pairs of them (vdpbf16ps), 0 where the processor has none. Best
// of a few tries of some ten milliseconds, measured in this process on first use and kept for each number of
// workers and precision.
[[nodiscard]] double fma_peak(const Workers& workers, Precision precision = Precision::kF32);

}  // namespace pcnn

#pragma once

#include "engine/core/parallel.h"

namespace pcnn {

// GFLOP/s of independent f32 multiply-adds on registers, fused where the processor can, on as many threads as
// there are workers: what no f32 convolution can pass. Best of a few tries of some ten milliseconds, measured
// in this process on first use and kept for each number of workers.
[[nodiscard]] double fma_peak(const Workers& workers);

}  // namespace pcnn

#pragma once

#include "engine/core/parallel.h"

namespace pcnn {

// GFLOP/s of independent fused multiply-adds on registers, widest vectors this processor has, on all the
// workers at once: what no convolution can pass. Best of a few tries of some ten milliseconds, measured in
// this process on first use and kept for each number of workers.
[[nodiscard]] double fma_peak(const Workers& workers);

}  // namespace pcnn

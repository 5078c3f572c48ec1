#pragma once

#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/compile/kernels/training_kernels.h"

namespace pcnn::testing {

// The sampler's kernel for AMX, with its tiles emulated: for any machine.
[[nodiscard]] PixelKernel emulated_amx();

// The convolutions of training, in the same way.
[[nodiscard]] Bf16Convolutions emulated_amx_convolutions();

}  // namespace pcnn::testing

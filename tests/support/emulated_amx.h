#pragma once

#include "engine/compile/kernels/pixel_gemm.h"

namespace pcnn::testing {

// The sampler's kernel for AMX, with its tiles emulated: for any machine.
[[nodiscard]] PixelKernel emulated_amx();

}  // namespace pcnn::testing

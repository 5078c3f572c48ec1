#pragma once

// Elementwise passes over whole buffers, whatever their layout. Padding channels hold zeros and keep them.

#include <cstddef>

#include "engine/model/network.h"

namespace pcnn {

// diff_src[i] = diff_dst[i] * f'(x) with f' told from dst[i] = f(x). diff_src may be diff_dst.
void activation_backward(const ActivationOp& op, std::size_t count, const float* dst, const float* diff_dst,
                         float* diff_src);

// dst[i] = a[i] + b[i]. dst may be a or b.
void sum(std::size_t count, const float* a, const float* b, float* dst);

}  // namespace pcnn

#pragma once

// Norms and clipping of the flat gradient. Dead weights' gradients stay exactly 0.

#include <span>

namespace pcnn {

// Sum of squares, in double, in an order fixed by the length alone: the same bits whatever the machine's
// vector width. NaN or infinite exactly when some gradient is (the square of any finite float fits a double).
[[nodiscard]] double squared_norm(std::span<const float> gradients);

// Scales the gradient to L2 norm max_norm where its norm is larger, and returns the norm found, before
// clipping. The factor is max_norm / norm (torch.nn.utils.clip_grad_norm_ without its 1e-6). Where the norm
// is not finite the gradient is left as it is: the caller tests std::isfinite on the result. max_norm > 0.
double clip_to_norm(std::span<float> gradients, double max_norm);

// Limits each gradient to [-max_value, max_value]. A NaN stays NaN, but an infinity becomes finite: look at
// squared_norm() first to notice one. max_value > 0.
void clip_to_value(std::span<float> gradients, float max_value);

}  // namespace pcnn

#include "engine/compile/elementwise.h"

namespace pcnn {
namespace {

// Every iteration is independent also where the pointers are equal, which is all `ivdep` promises.
template <typename Derivative>
void multiply_by(std::size_t count, const float* dst, const float* diff_dst, float* diff_src,
                 Derivative derivative) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
  for (std::size_t i = 0; i < count; ++i) diff_src[i] = diff_dst[i] * derivative(dst[i]);
}

}  // namespace

void activation_backward(const ActivationOp& op, std::size_t count, const float* dst, const float* diff_dst,
                         float* diff_src) {
  const float slope = op.slope;
  const auto with = [&](auto derivative) { multiply_by(count, dst, diff_dst, diff_src, derivative); };
  switch (op.function) {
    case Activation::kRelu:
      return with([](float y) { return y > 0.0f ? 1.0f : 0.0f; });
    case Activation::kLeakyRelu:
      return with([slope](float y) { return y > 0.0f ? 1.0f : slope; });
    case Activation::kElu:
      return with([slope](float y) { return y > 0.0f ? 1.0f : y + slope; });
    case Activation::kTanh:
      return with([](float y) { return 1.0f - y * y; });
    case Activation::kSigmoid:
      return with([](float y) { return y * (1.0f - y); });
  }
}

void sum(std::size_t count, const float* a, const float* b, float* dst) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
  for (std::size_t i = 0; i < count; ++i) dst[i] = a[i] + b[i];
}

}  // namespace pcnn

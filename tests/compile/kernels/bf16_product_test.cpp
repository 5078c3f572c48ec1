#include "engine/compile/kernels/bf16_product.h"

#include <gtest/gtest.h>

#include "engine/compile/kernels/pixel_gemm.h"

namespace pcnn {
namespace {

TEST(Bf16Product, IsTheFastestOfTheKindOfProcessor) {
  EXPECT_EQ(fastest_bf16_product({}), Bf16Product::kNone);
  EXPECT_EQ(fastest_bf16_product({.is_intel = true}), Bf16Product::kNone);
  EXPECT_EQ(fastest_bf16_product({.vectors = true}), Bf16Product::kVectors) << "Zen 4";
  EXPECT_EQ(fastest_bf16_product({.vectors = true, .is_intel = true}), Bf16Product::kNone) << "0.61 of f32";
  EXPECT_EQ(fastest_bf16_product({.vectors = true, .tiles = true, .is_intel = true}), Bf16Product::kTiles);
}

TEST(Bf16Product, OfThisProcessorIsWhatSamplingUses) {
  const PixelKernel& kernel = pixel_kernel(Precision::kBf16);
  switch (fastest_bf16_product(bf16_instructions())) {
    case Bf16Product::kNone:
      EXPECT_STREQ(kernel.arithmetic, "f32");
      EXPECT_EQ(kernel.precision, Precision::kF32);
      break;
    case Bf16Product::kVectors:
      EXPECT_STREQ(kernel.arithmetic, "bf16 by vdpbf16ps");
      break;
    case Bf16Product::kTiles:
      EXPECT_STREQ(kernel.arithmetic, "bf16 by AMX");
      break;
  }
  EXPECT_STREQ(pixel_kernel(Precision::kF32).arithmetic, "f32");
}

}  // namespace
}  // namespace pcnn

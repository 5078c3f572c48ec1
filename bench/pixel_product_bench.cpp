// The product of the sampler by kernel and number of rows: what the choice in
// engine/compile/kernels/bf16_product.cpp follows from. One core, the largest product of the tutorial
// network: five taps of 64 channels to 64 filters.
//
//   build/bin/pcnn-bench --benchmark_filter=PixelProduct

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/compile/kernels/pixel_gemm.h"

namespace pcnn {
namespace {

constexpr int kTaps = 5, kDepth = 64, kFilters = 64;

void run_product(benchmark::State& state, const PixelKernel& kernel) {
  const int rows = static_cast<int>(state.range(0));
  const std::vector<float> weights(kTaps * kDepth * kFilters, 0.5f), bias(kFilters, 1.0f),
      src(static_cast<std::size_t>(kTaps * rows * kDepth), 0.25f);
  std::vector<WeightSlice> slices;
  for (int tap = 0; tap < kTaps; ++tap) slices.push_back({.column = tap});
  const std::vector<std::uint32_t> packed =
      pack_pixel_weights({.weights = weights, .kernel = {kFilters, kDepth, 1, kTaps}, .count = kFilters},
                         slices, kDepth, kernel);
  const std::size_t words = depth_words(kernel.precision, kDepth);
  std::vector<PixelTap> taps;
  for (int tap = 0; tap < kTaps; ++tap)
    taps.push_back({src.data() + static_cast<std::ptrdiff_t>(tap) * rows * kDepth,
                    static_cast<std::size_t>(tap * kernel.panel) * words});
  std::vector<std::uint16_t> scratch(2 *
                                     scratch_words(kernel, static_cast<std::size_t>(rows), kTaps * words));
  std::vector<float> dst(static_cast<std::size_t>(rows * kFilters));
  const PixelGemm gemm{.rows = rows,
                       .depth = kDepth,
                       .filters = kFilters,
                       .taps = taps.data(),
                       .tap_count = kTaps,
                       .weights = packed.data(),
                       .panel_words = packed.size() / static_cast<std::size_t>(kFilters / kernel.panel),
                       .scratch = scratch.data(),
                       .bias = bias.data(),
                       .dst = dst.data()};
  for (auto _ : state) {
    kernel.run(gemm);
    benchmark::DoNotOptimize(dst.data());
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * rows * kTaps * kDepth * kFilters * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

[[maybe_unused]] const bool kAreRegistered = [] {
  for (const PixelKernel& kernel : runnable_pixel_kernels())
    benchmark::RegisterBenchmark((std::string("PixelProduct/") + kernel.name).c_str(), run_product, kernel)
        ->ArgName("rows")
        ->Arg(1)
        ->Arg(4)
        ->Arg(16)
        ->Arg(64);
  return true;
}();

}  // namespace
}  // namespace pcnn

#pragma once

// What the benchmarks of training share: images, the number of threads, and what a step's products come to.

#include <benchmark/benchmark.h>

#include <random>
#include <variant>
#include <vector>

#include "bench/peak.h"
#include "bench/reference_network.h"
#include "engine/core/index.h"
#include "engine/core/parallel.h"
#include "engine/data/image_set.h"
#include "engine/model/network.h"

namespace pcnn {

// Random pixels: the work does not depend on them.
inline ImageSet noise(int count, int side = 28) {
  ImageSet images{.name = "noise", .count = count, .channels = 1, .height = side, .width = side};
  std::minstd_rand random(1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count) * images.image_size(); ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(random() >> 8));
  for (int i = 0; i < count; ++i) images.ids.push_back(static_cast<std::uint32_t>(i));
  return images;
}

// Multiply-adds of one image with a layer: of products from its input, and for the gradient of its weights.
struct Products {
  double forward = 0.0;
  double weights = 0.0;
};

// Kernels are cut to their live rows. pairs: of a map read and a map written.
inline Products products_of(const MaskedConvOp& conv, double pairs, const Shape& image) {
  const auto of = [&](Taps taps) {
    return pairs * products_of(conv.mask.type, conv.kernel_height, conv.kernel_width, image.h, image.w, taps);
  };
  return {of(Taps::kInLiveRows), of(Taps::kLive)};
}

// States outside the image are zero and count as none.
inline Products products_of(const LstmOp& lstm, double pairs, const Shape& image) {
  double pixels = 0.0;
  for (const Tap& state : lstm.states())
    pixels += static_cast<double>(image.h - std::abs(state.down)) * (image.w - std::abs(state.right));
  return {pairs * pixels, pairs * pixels};
}

// Floating-point operations of one image; with `backward` the gradients too, but the image's.
inline double flops(const Network& network, bool backward) {
  const Shape image = network.shape(0, 1);
  double total = 0.0;
  const auto add = [&](const auto& op) {
    const std::vector<int>& weight = network.parameters[to_index(op.weight)].shape;
    const Products products = products_of(op, static_cast<double>(weight[0]) * weight[1], image);
    total += products.forward;
    if (backward) total += products.weights + (op.src == 0 ? 0.0 : products.forward);
  };
  for (const Node& node : network.nodes) {
    if (const auto* conv = std::get_if<MaskedConvOp>(&node.op)) add(*conv);
    if (const auto* lstm = std::get_if<LstmOp>(&node.op)) add(*lstm);
  }
  return 2.0 * total;
}

// Images per second, and which fraction of the fused-multiply-add peak their products come to.
inline void report(benchmark::State& state, const Network& network, bool backward, double images,
                   const Workers& workers, Precision precision) {
  state.SetItemsProcessed(static_cast<std::int64_t>(images));
  const double gflop = images * flops(network, backward) / 1e9;
  state.counters["GFLOP/s"] = benchmark::Counter(gflop, benchmark::Counter::kIsRate);
  if (const double peak = fma_peak(workers, precision); peak > 0.0)
    state.counters["of_peak"] = benchmark::Counter(gflop / peak, benchmark::Counter::kIsRate);
}

inline void by_threads(benchmark::internal::Benchmark* bench) {
  bench->ArgName("threads")->DenseRange(1, available_threads())->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace pcnn

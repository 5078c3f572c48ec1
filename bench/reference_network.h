#pragma once

// What the benchmarks share: the network of configs/mnist.yaml with random parameters (the work does not
// depend on them), and how ratios are timed and reported.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include "engine/model/initialise.h"
#include "engine/model/mask.h"
#include "engine/model/network_builder.h"
#include "engine/model/output_head.h"
#include "engine/model/summary.h"

namespace pcnn {

struct ReferenceNetwork {
  explicit ReferenceNetwork(int side = 28) : network(build(side)) {}
  static Network build(int side) {
    ModelConfig config;
    config.blocks = {{7, ResidualBlockConfig{{3, 3}, 64}}};
    return build_network(config, 1, side, side);
  }

  Network network;
  std::unique_ptr<const OutputHead> head = make_output_head({});
  std::vector<float> parameters = initial_parameters(network, Initialisation::kGlorotNormal, 1);
};

enum class Taps { kLive, kInLiveRows };

// Multiply-adds per image and pair of channels of a kernel's taps: one for every pixel and tap that falls
// inside the image, for no fast kernel computes the zeros around it.
inline double products_of(MaskType mask, int kernel_height, int kernel_width, int height, int width,
                          Taps taps) {
  double products = 0.0;
  const LiveBox box = live_box(mask, kernel_height, kernel_width);
  for (int row = 0; row < box.rows; ++row)
    for (int column = 0; column < box.columns; ++column)
      if (taps == Taps::kInLiveRows || is_live(mask, kernel_height, kernel_width, row, column))
        products += static_cast<double>(std::max(0, height - std::abs(row - kernel_height / 2))) *
                    std::max(0, width - std::abs(column - kernel_width / 2));
  return products;
}

inline double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Median, lowest and highest of one ratio per iteration.
inline void report_ratios(benchmark::State& state, std::vector<double> ratios) {
  std::ranges::sort(ratios);
  state.counters["ratio"] = ratios[ratios.size() / 2];
  state.counters["lowest"] = ratios.front();
  state.counters["highest"] = ratios.back();
}

}  // namespace pcnn

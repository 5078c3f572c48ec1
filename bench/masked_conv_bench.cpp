// One direction of one masked convolution at a time, on one core, as the compiled network runs it: GFLOP/s
// over live taps, and the fraction of the fused-multiply-add peak that is. `live` is the share of the whole
// kernel that is live.
//
//   build/bin/pcnn-bench --benchmark_filter=MaskedConv

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/peak.h"
#include "bench/reference_network.h"
#include "engine/compile/program.h"
#include "engine/core/parallel.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"

namespace pcnn {
namespace {

constexpr int kImages = 4;  // a shard
constexpr int kSide = 28;

struct Layer {
  MaskType mask;
  int kernel;
  int in_channels;
  int filters;
};

// The layer between 1x1 convolutions that make its input and read its output, so that it has all directions.
Network network_of(const Layer& layer) {
  NetworkBuilder builder(1, kSide, kSide, Activation::kRelu, 0.0f);
  const int src =
      layer.in_channels == 1 ? 0 : builder.masked_conv("spread", 0, MaskType::kB, {1, 1}, layer.in_channels);
  const int dst = builder.activate(
      builder.masked_conv("layer", src, layer.mask, {layer.kernel, layer.kernel}, layer.filters));
  return std::move(builder).finish(builder.masked_conv("logits", dst, MaskType::kB, {1, 1}, 1));
}

void MaskedConv(benchmark::State& state, const Layer& layer, const std::string& direction) {
  const Workers one(1);
  one.run([&] {
    const Network network = network_of(layer);
    const Program program(network, kImages, Purpose::kTraining);
    PackedWeights packed = program.new_packed_weights();
    program.pack(initial_parameters(network, Initialisation::kGlorotNormal, 1), packed);
    Workspace workspace(program, packed);
    const std::vector<float> images(network.shape(0, kImages).size(), 1.0f);
    std::vector<float> logits(network.shape(network.logits, kImages).size());
    std::vector<float> gradients(network.parameter_count());
    program.forward(workspace, images, logits);
    program.backward(workspace, logits, gradients);
    for (const Implementation& step : program.implementations()) {
      if (step.op != "layer" || step.direction != direction) continue;
      for (auto _ : state) {
        program.repeat(step, workspace, gradients);
        benchmark::ClobberMemory();
      }
      state.SetLabel(step.name);
    }
  });
  const int live = live_taps(layer.mask, layer.kernel, layer.kernel);
  const double gflop = 2e-9 * kImages * layer.in_channels * layer.filters *
                       products_of(layer.mask, layer.kernel, layer.kernel, kSide, kSide, Taps::kLive) *
                       static_cast<double>(state.iterations());
  state.SetItemsProcessed(state.iterations() * kImages);
  state.counters["GFLOP/s"] = benchmark::Counter(gflop, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(gflop / fma_peak(one), benchmark::Counter::kIsRate);
  state.counters["live"] = static_cast<double>(live) / (layer.kernel * layer.kernel);
}

void add(const Layer& layer) {
  const std::string shape = "MaskedConv/" + std::to_string(layer.kernel) + "x" +
                            std::to_string(layer.kernel) + (layer.mask == MaskType::kA ? "A/" : "B/") +
                            std::to_string(layer.in_channels) + "to" + std::to_string(layer.filters);
  for (const char* direction : {"forward", "backward data", "backward weights"}) {
    if (layer.in_channels == 1 && direction == std::string("backward data")) continue;
    std::string name = shape + "/" + direction;
    std::ranges::replace(name, ' ', '_');
    benchmark::RegisterBenchmark(name.c_str(), MaskedConv, layer, direction)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

// The shapes of the reference network, then kernels and widths beside them.
[[maybe_unused]] const bool added = [] {
  for (const Layer& layer : {Layer{MaskType::kA, 7, 1, 128}, Layer{MaskType::kB, 1, 128, 64},
                             Layer{MaskType::kB, 3, 64, 64}, Layer{MaskType::kB, 1, 64, 128}})
    add(layer);
  for (const int kernel : {5, 7})
    for (const int channels : {16, 64}) add({MaskType::kB, kernel, channels, channels});
  for (const int channels : {16, 32, 128, 256}) add({MaskType::kB, 3, channels, channels});
  return true;
}();

}  // namespace
}  // namespace pcnn

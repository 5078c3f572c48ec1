// One direction of one masked convolution at a time, on one core, as the compiled network runs it: GFLOP/s
// over live taps, and the fraction of the fused-multiply-add peak that is. `live` is the share of the whole
// kernel that is live. Names that end in `full` compute the dead rows of the kernel too; MaskedConvCrop times
// the two in turns and gives the time with the full kernel over the time with the cropped one.
//
//   build/bin/pcnn-bench --benchmark_filter=MaskedConv

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/peak.h"
#include "bench/reference_network.h"
#include "engine/compile/batch/program.h"
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

// One direction of the layer, with all it needs to run again and again.
class Direction {
 public:
  Direction(const Layer& layer, const std::string& direction, bool crop_kernels,
            Precision precision = Precision::kF32)
      : network_(network_of(layer)),
        program_(network_, kImages, Purpose::kTraining,
                 {.precision = precision, .crop_kernels = crop_kernels}),
        packed_(program_.new_packed_weights()),
        workspace_(program_, packed_),
        gradients_(network_.parameter_count()) {
    program_.pack(initial_parameters(network_, Initialisation::kGlorotNormal, 1), packed_);
    std::vector<float> logits(network_.shape(network_.logits, kImages).size());
    program_.forward(workspace_, std::vector<float>(network_.shape(0, kImages).size(), 1.0f), logits);
    program_.backward(workspace_, logits, gradients_);
    for (const Implementation& step : program_.implementations())
      if (step.op == "layer" && step.direction == direction) step_ = step;
  }

  void run() {
    program_.repeat(step_, workspace_, gradients_);
    benchmark::ClobberMemory();
  }
  [[nodiscard]] const std::string& implementation() const { return step_.name; }

 private:
  Network network_;
  Program program_;
  PackedWeights packed_;
  Workspace workspace_;
  std::vector<float> gradients_;
  Implementation step_;
};

void MaskedConv(benchmark::State& state, const Layer& layer, const std::string& name, bool crop_kernels,
                Precision precision) {
  Direction direction(layer, name, crop_kernels, precision);
  for (auto _ : state) direction.run();
  state.SetLabel(direction.implementation());
  const int live = live_tap_count(layer.mask, layer.kernel, layer.kernel);
  const double gflop = 2e-9 * kImages * layer.in_channels * layer.filters *
                       products_of(layer.mask, layer.kernel, layer.kernel, kSide, kSide, Taps::kLive) *
                       static_cast<double>(state.iterations());
  state.SetItemsProcessed(state.iterations() * kImages);
  state.counters["GFLOP/s"] = benchmark::Counter(gflop, benchmark::Counter::kIsRate);
  state.counters["of_peak"] =
      benchmark::Counter(gflop / fma_peak(Workers(1), precision), benchmark::Counter::kIsRate);
  state.counters["live"] = static_cast<double>(live) / (layer.kernel * layer.kernel);
}

void MaskedConvCrop(benchmark::State& state, const Layer& layer, const std::string& name) {
  constexpr double kSecondsEach = 0.02;  // many calls, and short beside what else comes and goes on a machine
  std::vector<double> ratios;
  Direction cropped(layer, name, true), full(layer, name, false);
  double once = seconds_of([&] { cropped.run(); });
  for (int i = 0; i < 9; ++i) once = std::min(once, seconds_of([&] { cropped.run(); }));
  const int calls = 1 + static_cast<int>(kSecondsEach / once);
  const auto seconds = [&](Direction& direction) {
    return seconds_of([&] {
      for (int i = 0; i < calls; ++i) direction.run();
    });
  };
  for (auto _ : state) {
    const double cut = seconds(cropped);
    ratios.push_back(seconds(full) / cut);
  }
  state.SetLabel(full.implementation() + " over " + cropped.implementation());
  report_ratios(state, std::move(ratios));
}

void add(const Layer& layer) {
  const std::string shape = std::to_string(layer.kernel) + "x" + std::to_string(layer.kernel) +
                            (layer.mask == MaskType::kA ? "A/" : "B/") + std::to_string(layer.in_channels) +
                            "to" + std::to_string(layer.filters);
  for (const std::string direction : {"forward", "backward data", "backward weights"}) {
    if (layer.in_channels == 1 && direction == "backward data") continue;
    std::string name = shape + "/" + direction;
    std::ranges::replace(name, ' ', '_');
    const auto add_one = [&](const std::string& full_name, bool crop_kernels,
                             Precision precision = Precision::kF32) {
      benchmark::RegisterBenchmark(full_name.c_str(), MaskedConv, layer, direction, crop_kernels, precision)
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    };
    add_one("MaskedConv/" + name, true);
    const bool has_bf16 = has_hardware_for(Precision::kBf16);
    if (has_bf16) add_one("MaskedConv/" + name + "/bf16", true, Precision::kBf16);
    if (layer.kernel == 1) continue;  // has no dead rows
    add_one("MaskedConv/" + name + "/full", false);
    if (has_bf16) add_one("MaskedConv/" + name + "/full/bf16", false, Precision::kBf16);
    benchmark::RegisterBenchmark(("MaskedConvCrop/" + name).c_str(), MaskedConvCrop, layer, direction)
        ->Iterations(31)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

// The shapes of the reference network, then kernels and widths beside them.
[[maybe_unused]] const bool added = [] {
  for (const Layer& layer : {Layer{MaskType::kA, 7, 1, 128}, Layer{MaskType::kB, 1, 128, 64},
                             Layer{MaskType::kB, 3, 64, 64}, Layer{MaskType::kB, 1, 64, 128}})
    add(layer);
  for (const int channels : {16, 32, 128, 256}) add({MaskType::kB, 3, channels, channels});
  for (const int kernel : {5, 7})
    for (const int channels : {16, 32, 64, 128, 256}) add({MaskType::kB, kernel, channels, channels});
  return true;
}();

}  // namespace
}  // namespace pcnn

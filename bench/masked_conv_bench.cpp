// One masked convolution of the tutorial network at a time, on one core: images per second forward and
// forward + backward, and what share of the dense kernel's multiply-adds is live.
//
//   build/bin/pcnn-bench --benchmark_filter=MaskedConv

#include <benchmark/benchmark.h>

#include <vector>

#include "engine/compile/program.h"
#include "engine/core/parallel.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"

namespace pcnn {
namespace {

constexpr int kImages = 4;  // a shard

struct Layer {
  MaskType mask;
  int side;
  int in_channels;
  int filters;
};

// The layer behind a 1x1 convolution that makes its input, so that its backward pass includes the gradient of
// data.
Network network_of(const Layer& layer) {
  NetworkBuilder builder(1, 28, 28, Activation::kRelu, 0.0f);
  const int src =
      layer.in_channels == 1 ? 0 : builder.masked_conv("spread", 0, MaskType::kB, {1, 1}, layer.in_channels);
  return std::move(builder).finish(builder.activate(
      builder.masked_conv("layer", src, layer.mask, {layer.side, layer.side}, layer.filters)));
}

void MaskedConv(benchmark::State& state, const Layer& layer, Purpose purpose) {
  const Workers one(1);
  one.run([&] {
    const Network network = network_of(layer);
    const Program program(network, kImages, purpose);
    PackedWeights packed = program.new_packed_weights();
    program.pack(initial_parameters(network, Initialisation::kGlorotNormal, 1), packed);
    Workspace workspace(program, packed);
    const std::vector<float> images(network.shape(0, kImages).size(), 1.0f);
    std::vector<float> maps(network.shape(network.logits, kImages).size());
    std::vector<float> gradients(network.parameter_count());
    for (auto _ : state) {
      program.forward(workspace, images, maps);
      if (purpose == Purpose::kTraining) program.backward(workspace, maps, gradients);
      benchmark::ClobberMemory();
    }
  });
  state.SetItemsProcessed(state.iterations() * kImages);
  state.counters["live_share"] =
      static_cast<double>(live_taps(layer.mask, layer.side, layer.side)) / (layer.side * layer.side);
}

constexpr Layer kInput{MaskType::kA, 7, 1, 128}, kReduce{MaskType::kB, 1, 128, 64},
    kSpatial{MaskType::kB, 3, 64, 64}, kExpand{MaskType::kB, 1, 64, 128};

BENCHMARK_CAPTURE(MaskedConv, input_7x7_forward, kInput, Purpose::kScoring);
BENCHMARK_CAPTURE(MaskedConv, input_7x7_training, kInput, Purpose::kTraining);
BENCHMARK_CAPTURE(MaskedConv, reduce_1x1_forward, kReduce, Purpose::kScoring);
BENCHMARK_CAPTURE(MaskedConv, reduce_1x1_training, kReduce, Purpose::kTraining);
BENCHMARK_CAPTURE(MaskedConv, spatial_3x3_forward, kSpatial, Purpose::kScoring);
BENCHMARK_CAPTURE(MaskedConv, spatial_3x3_training, kSpatial, Purpose::kTraining);
BENCHMARK_CAPTURE(MaskedConv, expand_1x1_forward, kExpand, Purpose::kScoring);
BENCHMARK_CAPTURE(MaskedConv, expand_1x1_training, kExpand, Purpose::kTraining);

}  // namespace
}  // namespace pcnn

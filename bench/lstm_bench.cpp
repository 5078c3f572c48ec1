// Training one LSTM layer of 32 states between the reference network's kinds of ends: whole optimiser steps
// of 64 images of 28x28, images per second by number of threads.
//
//   build/bin/pcnn-bench --benchmark_filter=TrainLstm
//
// bench/peers/pytorch_lstm.py trains the same networks in PyTorch.

#include <benchmark/benchmark.h>

#include <string>

#include "bench/train_steps.h"
#include "engine/data/binarise.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/model/output_head.h"
#include "engine/train/trainer.h"

namespace pcnn {
namespace {

constexpr int kSide = 28;

// 7x7 mask A to 64 maps, the block, 1x1 to 64, a Bernoulli logit.
Network network_of(const BlockConfig& block) {
  ModelConfig config;
  config.input_filters = 64;
  config.blocks = {block};
  config.output_filters = {64};
  return build_network(config, 1, kSide, kSide);
}

void TrainLstm(benchmark::State& state, const BlockConfig& block, Precision precision) {
  if (!can_compute(precision)) return state.SkipWithError("this processor has no kernels for it");
  const Network network = network_of(block);
  const auto head = make_output_head({});
  const Workers workers(static_cast<int>(state.range(0)));
  const TrainConfig config;
  const ImageSet images = noise(64 * 100);
  const Binariser binariser({});
  Trainer trainer(network, *head, config, 1, initial_parameters(network, Initialisation::kGlorotNormal, 1),
                  workers, precision);
  const auto step = [&] { trainer.run_epoch(images, binariser, [](const Progress&) { return false; }); };
  step();
  for (auto _ : state) step();
  report(state, network, true, static_cast<double>(state.iterations() * config.batch), workers, precision);
}

const BlockConfig kRows{1, RowLstmBlockConfig{.columns = 3, .filters = 32}};
const BlockConfig kDiagonal{1, DiagonalLstmBlockConfig{.filters = 32}};

BENCHMARK_CAPTURE(TrainLstm, rows_f32, kRows, Precision::kF32)->Name("TrainLstm/rows/f32")->Apply(by_threads);
BENCHMARK_CAPTURE(TrainLstm, rows_bf16, kRows, Precision::kBf16)
    ->Name("TrainLstm/rows/bf16")
    ->Apply(by_threads);
BENCHMARK_CAPTURE(TrainLstm, diagonal_f32, kDiagonal, Precision::kF32)
    ->Name("TrainLstm/diagonal/f32")
    ->Apply(by_threads);
BENCHMARK_CAPTURE(TrainLstm, diagonal_bf16, kDiagonal, Precision::kBf16)
    ->Name("TrainLstm/diagonal/bf16")
    ->Apply(by_threads);

}  // namespace
}  // namespace pcnn

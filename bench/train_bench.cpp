// Training and scoring the reference network: images per second by number of threads, and which fraction of
// the fused-multiply-add peak, measured in the same process, the computed taps come to.
//
//   build/bin/pcnn-bench --benchmark_filter='TrainStep|Score|Update|ShardSize|ConfigToFirstStep'

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "bench/reference_network.h"
#include "bench/train_steps.h"
#include "engine/data/binarise.h"
#include "engine/run/run_config.h"
#include "engine/train/scorer.h"
#include "engine/train/shard_size.h"
#include "engine/train/trainer.h"

namespace pcnn {
namespace {

// Whole optimiser steps of 64 images.
void TrainStep(benchmark::State& state, Precision precision) {
  if (!can_compute(precision)) return state.SkipWithError("this processor has no kernels for it");
  const ReferenceNetwork reference;
  const Workers workers(static_cast<int>(state.range(0)));
  const TrainConfig config;
  const ImageSet images = noise(64 * 100);
  const Binariser binariser({});
  Trainer trainer(reference.network, *reference.head, config, 1, reference.parameters, workers, precision);
  const auto step = [&] { trainer.run_epoch(images, binariser, [](const Progress&) { return false; }); };
  step();
  for (auto _ : state) step();
  report(state, reference.network, true, static_cast<double>(state.iterations() * config.batch), workers,
         precision);
}

// Exact likelihoods of 256 images.
void Score(benchmark::State& state, Precision precision) {
  if (!can_compute(precision)) return state.SkipWithError("this processor has no kernels for it");
  constexpr int kImages = 256;
  const ReferenceNetwork reference;
  const Workers workers(static_cast<int>(state.range(0)));
  Scorer scorer(reference.network, *reference.head, shard_images({}, reference.network), workers, precision);
  const FillImage fill = [](int, std::span<float> image) { std::ranges::fill(image, 1.0f); };
  for (auto _ : state) benchmark::DoNotOptimize(scorer.nats(reference.parameters, kImages, fill));
  report(state, reference.network, false, static_cast<double>(state.iterations() * kImages), workers,
         precision);
}

// Images per second on all cores over those on one.
void TrainScaling(benchmark::State& state) {
  const ReferenceNetwork reference;
  const Workers one(1), all(available_threads());
  const ImageSet images = noise(64 * 100);
  const Binariser binariser({});
  Trainer on_one(reference.network, *reference.head, {}, 1, reference.parameters, one);
  Trainer on_all(reference.network, *reference.head, {}, 1, reference.parameters, all);
  const auto steps = [&](Trainer& trainer) {
    return seconds_of([&] {
      for (int i = 0; i < 2; ++i) trainer.run_epoch(images, binariser, [](const Progress&) { return false; });
    });
  };
  steps(on_one);
  steps(on_all);
  std::vector<double> ratios;
  for (auto _ : state) {
    const double alone = steps(on_one);
    ratios.push_back(alone / steps(on_all));
  }
  report_ratios(state, ratios);
}

// The loss of a batch of 28x28 images and its gradient, on one thread, and the share of it in a step of the
// reference network on the same images.
void Loss(benchmark::State& state, const HeadConfig& config) {
  constexpr int kImages = 64;
  const ReferenceNetwork reference;
  const Workers one(1);
  const ImageSet images = noise(kImages);
  const Binariser binariser({});
  Trainer trainer(reference.network, *reference.head, {}, 1, reference.parameters, one);
  const auto head = make_output_head(config);
  const Shape image = reference.network.shape(0, 1);
  std::vector<float> logits(static_cast<std::size_t>(head->logit_channels()) * image.size()),
      diff(logits.size()), targets(image.size());
  const RandomStream stream(1, Stream::kSample);
  for (std::uint32_t i = 0; i < logits.size(); ++i) logits[i] = stream.normal(i);
  for (std::uint32_t i = 0; i < targets.size(); ++i)
    targets[i] = head->value(static_cast<int>(stream.below(static_cast<std::uint32_t>(head->levels()), i)));
  const auto step = [&] { trainer.run_epoch(images, binariser, [](const Progress&) { return false; }); };
  step();
  std::vector<double> ratios;
  for (auto _ : state) {
    const double loss = seconds_of([&] {
      for (int i = 0; i < kImages; ++i) benchmark::DoNotOptimize(head->nats(logits, targets, diff));
    });
    state.SetIterationTime(loss);
    ratios.push_back(loss / seconds_of(step));
  }
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kImages), benchmark::Counter::kIsRate);
  report_ratios(state, ratios);
}

// How much faster optimiser steps are with shards of so many images than with shards of 4, on all cores.
void ShardSize(benchmark::State& state, const std::string& config_name, int side) {
  const ConfigDocument document =
      ConfigDocument::from_file(PCNN_SOURCE_DIR "/configs/" + config_name + ".yaml");
  const RunConfig config = read_run_config(document, "bench");
  const Network network = build_network(config.model, 1, side, side);
  const std::unique_ptr<const OutputHead> head = make_output_head(config.model.head);
  const Workers workers(available_threads());
  const ImageSet images = noise(640, side);
  const Binariser binariser({});
  const auto trainer = [&](std::int64_t shard) {
    return Trainer(network, *head, {.batch = 32, .shard_images = shard}, 1,
                   initial_parameters(network, Initialisation::kGlorotNormal, 1), workers);
  };
  Trainer of_four = trainer(4), of_these = trainer(state.range(0));
  const auto step = [&](Trainer& one) {
    return seconds_of([&] { one.run_epoch(images, binariser, [](const Progress&) { return false; }); });
  };
  step(of_four);
  step(of_these);
  std::vector<double> ratios;
  for (auto _ : state) {
    const double four = step(of_four);
    ratios.push_back(four / step(of_these));
  }
  report_ratios(state, ratios);
}

// An update of all parameters, after the gradient is known.
void Update(benchmark::State& state, OptimiserKind kind) {
  ReferenceNetwork reference;
  const Workers workers(static_cast<int>(state.range(0)));
  const auto optimiser = Optimiser::make({.kind = kind, .momentum = 0.95}, reference.network.parameters);
  std::vector<float> gradients = initial_parameters(reference.network, Initialisation::kGlorotNormal, 2);
  for (auto _ : state) {
    optimiser->begin_step(1e-3f);
    workers.parallel_for(optimiser->pieces().size(), [&](std::size_t piece) {
      optimiser->step_piece(reference.parameters, gradients, piece);
    });
  }
}

// From a YAML file to the end of the first step, data at hand.
void ConfigToFirstStep(benchmark::State& state) {
  const ImageSet images = noise(640);
  for (auto _ : state) {
    const ConfigDocument document = ConfigDocument::from_file(PCNN_SOURCE_DIR "/configs/mnist.yaml");
    const RunConfig config = read_run_config(document, "bench");
    const Workers workers(config.threads);
    const Network network = build_network(config.model, 1, 28, 28);
    const std::unique_ptr<const OutputHead> head = make_output_head({});
    const Binariser binariser(config.data.binarisation);
    Trainer trainer(network, *head, config.train, config.seed,
                    initial_parameters(network, config.model.initialisation, config.seed), workers);
    trainer.run_epoch(images, binariser, [](const Progress&) { return false; });
  }
}

void by_hand(benchmark::internal::Benchmark* benchmark) {
  benchmark->UseManualTime()->Iterations(7)->Unit(benchmark::kMillisecond);
}

void by_shard(benchmark::internal::Benchmark* bench) {
  bench->ArgName("images")->Arg(1)->Arg(2)->Arg(8)->Arg(16);
  bench->Iterations(11)->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(TrainStep, f32, Precision::kF32)->Apply(by_threads);
BENCHMARK_CAPTURE(TrainStep, bf16, Precision::kBf16)->Apply(by_threads);
BENCHMARK_CAPTURE(Score, f32, Precision::kF32)->Apply(by_threads);
BENCHMARK_CAPTURE(Score, bf16, Precision::kBf16)->Apply(by_threads);
BENCHMARK_CAPTURE(Loss, bernoulli, HeadConfig{})->Apply(by_hand);
BENCHMARK_CAPTURE(Loss, softmax_256, HeadConfig{HeadKind::kSoftmax, 256})->Apply(by_hand);
BENCHMARK_CAPTURE(Loss, logistic_mixture_10, HeadConfig{HeadKind::kLogisticMixture, 256, 10})->Apply(by_hand);
BENCHMARK_CAPTURE(Update, rmsprop, OptimiserKind::kRmsprop)->Apply(by_threads);
BENCHMARK_CAPTURE(Update, adam, OptimiserKind::kAdam)->Apply(by_threads);
BENCHMARK_CAPTURE(Update, muon, OptimiserKind::kMuon)->Apply(by_threads);
BENCHMARK(TrainScaling)->Iterations(7)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ShardSize, mnist_quick, "mnist_quick", 28)->Apply(by_shard);
BENCHMARK_CAPTURE(ShardSize, mnist, "mnist", 28)->Apply(by_shard);
BENCHMARK_CAPTURE(ShardSize, mnist_64x64, "mnist", 64)
    ->ArgName("images")
    ->Arg(1)
    ->Iterations(5)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ConfigToFirstStep)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pcnn

// Training, scoring and sampling of the tutorial network by number of threads, for bench/scaling.sh. Scoring
// and sampling have work for all of them; a batch of 64 has 16 shards of the size that is chosen for it, or
// 64 of one image.

#include <benchmark/benchmark.h>

#include "bench/train_steps.h"
#include "engine/data/binarise.h"
#include "engine/sample/incremental_sampler.h"
#include "engine/train/scorer.h"
#include "engine/train/shard_size.h"
#include "engine/train/trainer.h"

namespace pcnn {
namespace {

void ScalingTrain(benchmark::State& state, Precision precision) {
  if (!can_compute(precision)) return state.SkipWithError("this processor has no kernels for it");
  const ReferenceNetwork reference;
  const Workers workers(static_cast<int>(state.range(1)));
  const TrainConfig config{.shard_images = state.range(0)};
  const ImageSet images = noise(64 * 100);
  const Binariser binariser({});
  Trainer trainer(reference.network, *reference.head, config, 1, reference.parameters, workers, precision);
  const auto step = [&] { trainer.run_epoch(images, binariser, [](const Progress&) { return false; }); };
  step();
  for (auto _ : state) step();
  state.SetItemsProcessed(state.iterations() * config.batch);
}

void ScalingScore(benchmark::State& state, Precision precision) {
  if (!can_compute(precision)) return state.SkipWithError("this processor has no kernels for it");
  const ReferenceNetwork reference;
  const Workers workers(static_cast<int>(state.range(0)));
  const int count = 64 * workers.threads();
  Scorer scorer(reference.network, *reference.head, shard_images({}, reference.network), workers, precision);
  const FillImage fill = [](int, std::span<float> image) { std::ranges::fill(image, 1.0f); };
  for (auto _ : state) benchmark::DoNotOptimize(scorer.nats(reference.parameters, count, fill));
  state.SetItemsProcessed(state.iterations() * count);
}

void ScalingSample(benchmark::State& state, Precision precision) {
  if (pixel_kernel(precision).precision != precision)
    return state.SkipWithError("samples in bf16 are drawn in f32 on this processor");
  const ReferenceNetwork reference;
  const Workers workers(static_cast<int>(state.range(0)));
  const int count = 64 * workers.threads();
  for (auto _ : state)
    benchmark::DoNotOptimize(sample_incrementally(reference.network, *reference.head, reference.parameters,
                                                  {.chains = count}, workers, 0, precision, kSpeculateOff));
  state.SetItemsProcessed(state.iterations() * count);
}

void shards(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"shard", "threads"})
      ->ArgsProduct({{4, 1}, benchmark::CreateDenseRange(1, available_threads(), 1)})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(ScalingTrain, f32, Precision::kF32)->Apply(shards);
BENCHMARK_CAPTURE(ScalingTrain, bf16, Precision::kBf16)->Apply(shards);
BENCHMARK_CAPTURE(ScalingScore, f32, Precision::kF32)->Apply(by_threads);
BENCHMARK_CAPTURE(ScalingScore, bf16, Precision::kBf16)->Apply(by_threads);
BENCHMARK_CAPTURE(ScalingSample, f32, Precision::kF32)->Apply(by_threads);
BENCHMARK_CAPTURE(ScalingSample, bf16, Precision::kBf16)->Apply(by_threads);

}  // namespace
}  // namespace pcnn

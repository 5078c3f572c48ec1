// Sampling the tutorial network: by chain_batch, beside scoring, beside the naive sampler, by image size.
//
//   build/bin/pcnn-bench --benchmark_filter=Sampl
//
// Ratios are medians of pairs timed one after the other in this process.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "bench/reference_network.h"
#include "engine/core/parallel.h"
#include "engine/run/trained_model.h"
#include "engine/sample/incremental_sampler.h"
#include "engine/sample/naive_sampler.h"
#include "engine/train/scorer.h"

namespace pcnn {
namespace {

// Nothing is guessed: what a network draws that was not trained is no picture of what others draw.
void sample(const ReferenceNetwork& reference, int chains, const Workers& workers, int chain_batch = 0,
            Precision precision = Precision::kF32) {
  benchmark::DoNotOptimize(sample_incrementally(reference.network, *reference.head, reference.parameters,
                                                {.chains = chains}, workers, chain_batch, precision,
                                                kSpeculateOff));
}

// Where the processor does not multiply bf16, samples are drawn in f32: not to be timed under that name.
bool is_skipped(benchmark::State& state, Precision precision) {
  if (pixel_kernel(precision).precision == precision) return false;
  state.SkipWithError("samples in bf16 are drawn in f32 on this processor");
  return true;
}

void SampleByChainBatch(benchmark::State& state) {
  const ReferenceNetwork reference;
  const Workers workers(available_threads());
  const int chain_batch = static_cast<int>(state.range(0)), chains = 128 * workers.threads();
  for (auto _ : state) sample(reference, chains, workers, chain_batch);
  state.SetItemsProcessed(state.iterations() * chains);
}
BENCHMARK(SampleByChainBatch)
    ->ArgName("chain_batch")
    ->Arg(1)
    ->Arg(8)
    ->Arg(16)
    ->Arg(32)
    ->Arg(64)
    ->Arg(128)
    ->Arg(0)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// One image on one core.
void SampleOneImage(benchmark::State& state, Precision precision) {
  if (is_skipped(state, precision)) return;
  const ReferenceNetwork reference;
  const Workers workers(1);
  for (auto _ : state) sample(reference, 1, workers, 0, precision);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(SampleOneImage, f32, Precision::kF32)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SampleOneImage, bf16, Precision::kBf16)->UseRealTime()->Unit(benchmark::kMillisecond);

// Seconds of some images on one core, pixel by pixel, over those with guesses; of a trained model, from the
// root of the repository.
void GuessedOverOneByOne(benchmark::State& state) {
  const TrainedModel model = load_trained_model("configs/trained/mnist_small");
  const int images = static_cast<int>(state.range(0));
  const Workers workers(1);
  std::vector<double> ratios;
  std::uint64_t seed = 0;
  SpeculationCounts counts;
  const auto draw = [&](int speculate) {
    counts += sample_incrementally(model.network, *model.head, model.parameters,
                                   {.chains = images, .seed = seed}, workers, 0, Precision::kF32, speculate)
                  .speculation;
  };
  for (auto _ : state) {
    ++seed;
    const double one_by_one = seconds_of([&] { draw(kSpeculateOff); });
    const double guessed = seconds_of([&] { draw(kSpeculateAuto); });
    ratios.push_back(one_by_one / guessed);
  }
  report_ratios(state, ratios);
  state.counters["kept"] =
      static_cast<double>(counts.kept) / static_cast<double>(std::max<std::int64_t>(1, counts.guessed));
}
BENCHMARK(GuessedOverOneByOne)
    ->ArgName("images")
    ->Arg(1)
    ->Arg(2)
    ->Arg(3)
    ->Iterations(51)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// A grid of images: bench/peers compares it with a forward pass of the whole canvas per pixel.
void Sample(benchmark::State& state, Precision precision) {
  if (is_skipped(state, precision)) return;
  const ReferenceNetwork reference;
  const int images = static_cast<int>(state.range(0));
  const Workers workers(static_cast<int>(state.range(1)));
  for (auto _ : state) sample(reference, images, workers, 0, precision);
  state.SetItemsProcessed(state.iterations() * images);
}
void grids(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"images", "threads"})
      ->ArgsProduct({{25, 256}, benchmark::CreateDenseRange(1, available_threads(), 1)})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(Sample, f32, Precision::kF32)->Apply(grids);
BENCHMARK_CAPTURE(Sample, bf16, Precision::kBf16)->Apply(grids);

// Images per second of bf16 over those of f32, 256 chains.
void SamplingInBf16OverF32(benchmark::State& state) {
  if (is_skipped(state, Precision::kBf16)) return;
  constexpr int kChains = 256;
  const ReferenceNetwork reference;
  const Workers workers(available_threads());
  std::vector<double> ratios;
  for (auto _ : state) {
    const double f32 = seconds_of([&] { sample(reference, kChains, workers); });
    const double bf16 = seconds_of([&] { sample(reference, kChains, workers, 0, Precision::kBf16); });
    ratios.push_back(f32 / bf16);
  }
  report_ratios(state, ratios);
}
BENCHMARK(SamplingInBf16OverF32)->Iterations(11)->UseRealTime()->Unit(benchmark::kMillisecond);

// Images per second of sampling 256 chains over images per second of scoring 256 images, forward pass and
// loss.
void SamplingOverScoring(benchmark::State& state) {
  constexpr int kImages = 256;
  const ReferenceNetwork reference;
  const Workers workers(available_threads());
  Scorer scorer(reference.network, *reference.head, 4, workers);
  const FillImage fill = [](int, std::span<float> image) { std::ranges::fill(image, 1.0f); };
  std::vector<double> ratios;
  for (auto _ : state) {
    const double sampling = seconds_of([&] { sample(reference, kImages, workers); });
    const double scoring =
        seconds_of([&] { benchmark::DoNotOptimize(scorer.nats(reference.parameters, kImages, fill)); });
    ratios.push_back(scoring / sampling);
  }
  report_ratios(state, ratios);
}
BENCHMARK(SamplingOverScoring)->Iterations(11)->UseRealTime()->Unit(benchmark::kMillisecond);

// Seconds per image of the naive sampler (one chain to a core) over those of 25 chains.
void NaiveOverIncrementalSampling(benchmark::State& state) {
  constexpr int kChains = 25;
  const ReferenceNetwork reference;
  const Workers workers(available_threads());
  std::vector<double> ratios;
  for (auto _ : state) {
    const double naive = seconds_of([&] {
      benchmark::DoNotOptimize(sample_naively(reference.network, *reference.head, reference.parameters,
                                              {.chains = workers.threads()}, workers));
    });
    const double incremental = seconds_of([&] { sample(reference, kChains, workers); });
    ratios.push_back(naive / workers.threads() / (incremental / kChains));
  }
  report_ratios(state, ratios);
}
BENCHMARK(NaiveOverIncrementalSampling)->Iterations(5)->UseRealTime()->Unit(benchmark::kMillisecond);

// Time per pixel of images of side x side over that of 28x28.
void SamplePerPixel(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const ReferenceNetwork small, large(side);
  const Workers workers(available_threads());
  const int chains = 32 * workers.threads();
  std::vector<double> ratios;
  for (auto _ : state) {
    const double of_large = seconds_of([&] { sample(large, chains, workers); }) / (side * side);
    const double of_small = seconds_of([&] { sample(small, chains, workers); }) / (28 * 28);
    ratios.push_back(of_large / of_small);
  }
  report_ratios(state, ratios);
}
BENCHMARK(SamplePerPixel)
    ->ArgName("side")
    ->Arg(56)
    ->Arg(112)
    ->Iterations(5)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pcnn

// Sampling the tutorial network: by flock, beside scoring, beside the naive sampler, by image size.
//
//   build/bin/pcnn-bench --benchmark_filter=Sampl
//
// Ratios are medians of pairs timed one after the other in this process.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/sample/incremental_sampler.h"
#include "engine/sample/naive_sampler.h"
#include "engine/train/scorer.h"

namespace pcnn {
namespace {

// Random parameters: the work does not depend on them.
struct Tutorial {
  explicit Tutorial(int side = 28) : network(build(side)) {}
  static Network build(int side) {
    ModelConfig config;
    config.blocks = {{7, ResidualBlockConfig{{3, 3}, 64}}};
    return build_network(config, 1, side, side);
  }
  void sample(int chains, const Workers& workers, int flock = 0) const {
    benchmark::DoNotOptimize(
        sample_incrementally(network, *head, parameters, {.chains = chains}, workers, flock));
  }

  Network network;
  std::unique_ptr<const OutputHead> head = make_output_head(HeadKind::kBernoulli);
  std::vector<float> parameters = initial_parameters(network, Initialisation::kGlorotNormal, 1);
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Median, lowest and highest of one ratio per iteration.
void report(benchmark::State& state, std::vector<double> ratios) {
  std::ranges::sort(ratios);
  state.counters["ratio"] = ratios[ratios.size() / 2];
  state.counters["lowest"] = ratios.front();
  state.counters["highest"] = ratios.back();
}

void SampleByFlock(benchmark::State& state) {
  const Tutorial tutorial;
  const Workers workers(available_threads());
  const int flock = static_cast<int>(state.range(0)), chains = 128 * workers.threads();
  for (auto _ : state) tutorial.sample(chains, workers, flock);
  state.SetItemsProcessed(state.iterations() * chains);
}
BENCHMARK(SampleByFlock)
    ->ArgName("flock")
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
void SampleOneImage(benchmark::State& state) {
  const Tutorial tutorial;
  const Workers workers(1);
  for (auto _ : state) tutorial.sample(1, workers);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SampleOneImage)->UseRealTime()->Unit(benchmark::kMillisecond);

// Images per second of sampling 256 chains over images per second of scoring 256 images, forward pass and
// loss.
void SamplingOverScoring(benchmark::State& state) {
  constexpr int kImages = 256;
  const Tutorial tutorial;
  const Workers workers(available_threads());
  Scorer scorer(tutorial.network, *tutorial.head, 4, workers);
  const FillImage fill = [](int, std::span<float> image) { std::ranges::fill(image, 1.0f); };
  std::vector<double> ratios;
  for (auto _ : state) {
    const double sampling = seconds_of([&] { tutorial.sample(kImages, workers); });
    const double scoring =
        seconds_of([&] { benchmark::DoNotOptimize(scorer.nats(tutorial.parameters, kImages, fill)); });
    ratios.push_back(scoring / sampling);
  }
  report(state, ratios);
}
BENCHMARK(SamplingOverScoring)->Iterations(11)->UseRealTime()->Unit(benchmark::kMillisecond);

// Seconds per image of the naive sampler (one chain to a core) over those of 25 chains.
void NaiveOverIncrementalSampling(benchmark::State& state) {
  constexpr int kChains = 25;
  const Tutorial tutorial;
  const Workers workers(available_threads());
  std::vector<double> ratios;
  for (auto _ : state) {
    const double naive = seconds_of([&] {
      benchmark::DoNotOptimize(sample_naively(tutorial.network, *tutorial.head, tutorial.parameters,
                                              {.chains = workers.threads()}, workers));
    });
    const double incremental = seconds_of([&] { tutorial.sample(kChains, workers); });
    ratios.push_back(naive / workers.threads() / (incremental / kChains));
  }
  report(state, ratios);
}
BENCHMARK(NaiveOverIncrementalSampling)->Iterations(5)->UseRealTime()->Unit(benchmark::kMillisecond);

// Time per pixel of images of side x side over that of 28x28.
void SamplePerPixel(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const Tutorial small, large(side);
  const Workers workers(available_threads());
  const int chains = 32 * workers.threads();
  std::vector<double> ratios;
  for (auto _ : state) {
    const double of_large = seconds_of([&] { large.sample(chains, workers); }) / (side * side);
    const double of_small = seconds_of([&] { small.sample(chains, workers); }) / (28 * 28);
    ratios.push_back(of_large / of_small);
  }
  report(state, ratios);
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

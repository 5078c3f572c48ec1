#include "engine/sample/incremental_sampler.h"

#include <unistd.h>

#include <algorithm>

namespace pcnn {
namespace {

// Below the one, weights are loaded too often for what they compute; above the other nothing is gained any
// more.
constexpr int kSmallestFlock = 16, kLargestFlock = 64;

// Last-level cache, as far as the system tells.
std::size_t shared_cache_bytes() {
  constexpr long kUnknown = 8L << 20;
  const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return static_cast<std::size_t>(bytes > 0 ? bytes : kUnknown);
}

// Draws all images of the chains first, first + 1, ...
void draw_flock(const PixelProgram& program, const Shape& image, int first, PixelCache& cache,
                PixelDraws& draws) {
  const auto chains = static_cast<std::size_t>(cache.chains()),
             channels = static_cast<std::size_t>(image.c / program.groups());
  std::vector<float> values(chains * channels);
  for (int row = 0; row < image.h; ++row)
    for (int column = 0; column < image.w; ++column) {
      for (int group = 0; group < program.groups(); ++group) {
        const std::span<const float> logits = program.logits(cache, row, column, group);
        const std::size_t per_chain = logits.size() / chains;
        for (std::size_t chain = 0; chain < chains; ++chain)
          draws.draw(first + static_cast<int>(chain), row, column, group,
                     logits.subspan(chain * per_chain, per_chain),
                     std::span(values).subspan(chain * channels, channels));
        program.set_pixel(cache, row, column, group, values);
      }
      draws.count_pixels(cache.chains());
    }
}

}  // namespace

int choose_flock(std::size_t bytes_per_chain, std::size_t cache_bytes, int chains, int threads) {
  const std::size_t share = cache_bytes / static_cast<std::size_t>(threads);
  const int fitting = static_cast<int>(std::min<std::size_t>(share / bytes_per_chain, kLargestFlock));
  const int largest = std::max(fitting, kSmallestFlock);
  const std::int64_t at_once = std::int64_t{threads} * largest;
  const std::int64_t flocks = (chains + at_once - 1) / at_once * threads;
  return static_cast<int>(std::max<std::int64_t>(1, (chains + flocks - 1) / flocks));
}

int choose_flock(const PixelProgram& program, int chains, int threads) {
  return choose_flock(program.cache_bytes_per_chain(), shared_cache_bytes(), chains, threads);
}

int effective_flock(int asked, const PixelProgram& program, int chains, int threads) {
  return std::max(1, std::min(asked > 0 ? asked : choose_flock(program, chains, threads), chains));
}

Samples sample_incrementally(const Network& network, const OutputHead& head,
                             std::span<const float> parameters, const SampleRequest& request,
                             const Workers& workers, int flock, Precision precision) {
  PixelDraws draws(network, head, request);
  const PixelProgram program(network, parameters, pixel_kernel(precision));
  flock = effective_flock(flock, program, request.chains, workers.threads());
  const int flocks = (request.chains + flock - 1) / flock;
  workers.parallel_for(static_cast<std::size_t>(flocks), [&](std::size_t task) {
    const int first = static_cast<int>(task) * flock;
    PixelCache cache(program, std::min(flock, request.chains - first));
    draw_flock(program, network.shape(0, 1), first, cache, draws);
  });
  return std::move(draws).take(flock, program.precision());
}

}  // namespace pcnn

#include "engine/sample/incremental_sampler.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "engine/core/digits.h"
#include "engine/core/index.h"
#include "engine/core/memory.h"

namespace pcnn {
namespace {

// Below the one, weights are loaded too often for what they compute; above the other nothing is gained any
// more.
constexpr int kSmallestChainBatch = 16, kLargestChainBatch = 64;

// Last-level cache, as far as the system tells.
std::size_t shared_cache_bytes() {
  constexpr long kUnknown = 8L << 20;
  const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return static_cast<std::size_t>(bytes > 0 ? bytes : kUnknown);
}

// Draws all images of the chains first, first + 1, ...
class ChainBatch {
 public:
  ChainBatch(const PixelProgram& program, const Shape& image, int first, IncrementalState& state,
             PixelDraws& draws)
      : program_(program),
        image_(image),
        group_channels_(image.c / program.groups()),
        first_(first),
        state_(state),
        draws_(draws),
        values_(to_index(state.chains()) * to_index(state.max_columns()) * to_index(image.c)) {}

  void draw() {
    for (int row = 0; row < image_.h; ++row)
      for (int column = 0; column < image_.w;) {
        const int skipped = skipped_columns(row, column);
        if (skipped > 0)
          keep_pixels(row, column, skipped);
        else
          draw_pixel(row, column);
        const int done = std::max(1, skipped);
        draws_.count_pixels(state_.chains() * done);
        column += done;
      }
  }

 private:
  // From this one on, which all chains know: at most as many as the state takes at once.
  [[nodiscard]] int skipped_columns(int row, int column) const {
    const int most = std::min(state_.max_columns(), image_.w - column);
    for (int columns = 0; columns < most; ++columns)
      for (int chain = 0; chain < state_.chains(); ++chain)
        if (!draws_.skips(first_ + chain, row, column + columns)) return columns;
    return most;
  }

  void keep_pixels(int row, int column, int columns) {
    float* value = values_.data();
    for (int group = 0; group < program_.groups(); ++group)
      for (int i = 0; i < columns; ++i)
        for (int chain = 0; chain < state_.chains(); ++chain)
          for (int channel = 0; channel < group_channels_; ++channel)
            *value++ = draws_.image(
                first_ + chain)[image_.offset(0, group * group_channels_ + channel, row, column + i)];
    program_.set_pixels(state_, row, column, columns, {values_.data(), value});
  }

  void draw_pixel(int row, int column) {
    const std::size_t chains = to_index(state_.chains()), channels = to_index(group_channels_);
    const std::span<float> values = std::span(values_).first(chains * channels);
    for (int group = 0; group < program_.groups(); ++group) {
      const std::span<const float> logits = program_.logits(state_, row, column, group);
      const std::size_t per_chain = logits.size() / chains;
      for (std::size_t chain = 0; chain < chains; ++chain)
        draws_.draw(first_ + static_cast<int>(chain), row, column, group,
                    logits.subspan(chain * per_chain, per_chain), values.subspan(chain * channels, channels));
      program_.set_pixel(state_, row, column, group, values);
    }
  }

  const PixelProgram& program_;
  Shape image_;
  int group_channels_;  // image channels of a channel group
  int first_;
  IncrementalState& state_;
  PixelDraws& draws_;
  std::vector<float> values_;  // of the pixels given last
};

// Columns of known pixels computed at once: as many as make a product as high as that of the largest batch of
// chains.
int known_columns(const SampleRequest& request, int chains, int width) {
  return request.known.empty() ? 1 : std::clamp(kLargestChainBatch / chains, 1, width);
}

}  // namespace

int choose_chain_batch(std::size_t bytes_per_chain, std::size_t cache_bytes, int chains, int threads) {
  const std::size_t share = cache_bytes / static_cast<std::size_t>(threads);
  const int fitting = static_cast<int>(std::min<std::size_t>(share / bytes_per_chain, kLargestChainBatch));
  const int largest = std::max(fitting, kSmallestChainBatch);
  const std::int64_t at_once = std::int64_t{threads} * largest;
  const std::int64_t chain_batches = (chains + at_once - 1) / at_once * threads;
  return static_cast<int>(std::max<std::int64_t>(1, (chains + chain_batches - 1) / chain_batches));
}

int choose_chain_batch(const PixelProgram& program, int chains, int threads) {
  return choose_chain_batch(program.state_bytes_per_chain(), shared_cache_bytes(), chains, threads);
}

int effective_chain_batch(int asked, const PixelProgram& program, int chains, int threads) {
  return std::max(1, std::min(asked > 0 ? asked : choose_chain_batch(program, chains, threads), chains));
}

Samples sample_incrementally(const Network& network, const OutputHead& head,
                             std::span<const float> parameters, const SampleRequest& request,
                             const Workers& workers, int chain_batch, Precision precision) {
  PixelDraws draws(network, head, request);
  const PixelProgram program(network, parameters, pixel_kernel(precision));
  chain_batch = effective_chain_batch(chain_batch, program, request.chains, workers.threads());
  const int chain_batches = (request.chains + chain_batch - 1) / chain_batch;
  require_memory(
      static_cast<double>(program.state_bytes_per_chain()) * chain_batch *
          std::min(chain_batches, workers.threads()),
      fmt::format("drawing {} at a time, each of {} columns, on each of {} takes",
                  counted(chain_batch, "image"), network.image_width, counted(workers.threads(), "thread")),
      "fewer threads, smaller batches of chains or narrower images take less");
  workers.parallel_for(static_cast<std::size_t>(chain_batches), [&](std::size_t task) {
    const int first = static_cast<int>(task) * chain_batch;
    const int chains = std::min(chain_batch, request.chains - first);
    const std::span<const int> classes = request.classes.empty()
                                             ? request.classes
                                             : request.classes.subspan(to_index(first), to_index(chains));
    IncrementalState state(program, chains, known_columns(request, chains, network.image_width), classes);
    ChainBatch(program, network.shape(0, 1), first, state, draws).draw();
  });
  return std::move(draws).take(chain_batch, program.precision());
}

}  // namespace pcnn

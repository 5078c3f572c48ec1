#include "engine/sample/incremental_sampler.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <optional>

#include "engine/core/digits.h"
#include "engine/core/index.h"
#include "engine/core/memory.h"
#include "engine/core/pool.h"
#include "engine/sample/chain_batch.h"

namespace pcnn {
namespace {

// Below the one, weights are loaded too often for what they compute; above the other nothing is gained any
// more.
constexpr int kSmallestChainBatch = 16, kLargestChainBatch = 64;

// Chains to a thread for which guessing pays: from three on, they share what streaming the weights costs
// about as well as guessed pixels do, and none of their time is lost.
constexpr int kChainsGuessedFor = 2;
// Of spans that are chosen: the longest, and what a column costs. Measured for networks of 0.02 to 6 MB of
// weights: a column takes 0.2 to 0.4 of what a pass takes beside its columns.
constexpr SpanPolicy kChosenSpan{.columns = 32, .column_cost = 0.3};

// Chains to a batch where what attentions keep of more would not stay in the cache: it is read at every
// pixel.
constexpr int kLargestAttendingBatch = 4;
// Levels of which enough are guessed right to draw such networks so, whatever the number of chains.
constexpr int kFewLevels = 8;

// Last-level cache, as far as the system tells; virtual machines are told that of all sockets by sysconf().
std::size_t shared_cache_bytes() {
  constexpr long kUnknown = 8L << 20;
  const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  long of_one = 0;
  std::ifstream("/sys/devices/system/cpu/cpu0/cache/index3/size") >> of_one;  // "32768K"
  if (of_one > 0) return static_cast<std::size_t>(bytes > 0 ? std::min(bytes, of_one << 10) : of_one << 10);
  return static_cast<std::size_t>(bytes > 0 ? bytes : kUnknown);
}

// Whether the keys and values of a usual batch of chains take more than a quarter of a thread's share of the
// cache. (Measured on 32 MB for two threads: 15 MB are read at a third of the speed at which 4 MB are.)
bool outgrows_cache(const PixelProgram& program, int threads) {
  return program.cache_bytes_per_chain() * kSmallestChainBatch >
         shared_cache_bytes() / static_cast<std::size_t>(threads) / 4;
}

// Columns of known pixels computed at once: as many as make a product as high as that of the largest batch of
// chains.
int known_columns(const SampleRequest& request, int chains, int width) {
  return request.known.empty() ? 1 : std::clamp(kLargestChainBatch / chains, 1, width);
}

// One for each image channel.
std::vector<GuessTable> new_tables(const OutputHead& head, const Network& network, double temperature) {
  std::vector<GuessTable> tables;
  for (int channel = 0; channel < network.image_channels; ++channel)
    tables.emplace_back(head, temperature, channel > 0);
  return tables;
}

}  // namespace

namespace {

// Of at most this size, so that no thread is without one.
int share_out_chains(int largest, int chains, int threads) {
  const std::int64_t at_once = std::int64_t{threads} * largest;
  const std::int64_t chain_batches = (chains + at_once - 1) / at_once * threads;
  return static_cast<int>(std::max<std::int64_t>(1, (chains + chain_batches - 1) / chain_batches));
}

}  // namespace

int choose_chain_batch(std::size_t bytes_per_chain, std::size_t cache_bytes, int chains, int threads) {
  const std::size_t share = cache_bytes / static_cast<std::size_t>(threads);
  const int fitting = static_cast<int>(std::min<std::size_t>(share / bytes_per_chain, kLargestChainBatch));
  return share_out_chains(std::max(fitting, kSmallestChainBatch), chains, threads);
}

int choose_chain_batch(const PixelProgram& program, int chains, int threads) {
  if (outgrows_cache(program, threads)) return share_out_chains(kLargestAttendingBatch, chains, threads);
  return choose_chain_batch(program.state_bytes_per_chain(), shared_cache_bytes(), chains, threads);
}

int effective_chain_batch(int asked, const PixelProgram& program, int chains, int threads) {
  return std::max(1, std::min(asked > 0 ? asked : choose_chain_batch(program, chains, threads), chains));
}

ChainPlan plan_chains(const PixelProgram& program, const OutputHead& head, int chains, int threads,
                      int chain_batch, int speculate) {
  SpanPolicy span;
  if (speculate != kSpeculateAuto)
    span.columns = speculate;
  else if (chain_batch <= 1 && head.levels() <= GuessTable::kMostLevels &&
           (chains <= kChainsGuessedFor * threads ||
            (head.levels() <= kFewLevels && outgrows_cache(program, threads))))
    span = kChosenSpan;
  if (span.columns > 1 && chain_batch == 0) chain_batch = 1;
  return {effective_chain_batch(chain_batch, program, chains, threads), span};
}

Samples sample_incrementally(const Network& network, const OutputHead& head,
                             std::span<const float> parameters, const SampleRequest& request,
                             const Workers& workers, int chain_batch, Precision precision, int speculate) {
  PixelDraws draws(network, head, request);
  const PixelProgram program(network, parameters, pixel_kernel(precision));
  const ChainPlan plan =
      plan_chains(program, head, request.chains, workers.threads(), chain_batch, speculate);
  const bool guesses = plan.span.columns > 1;
  const int batch = plan.chain_batch;
  const int max_columns = std::min(
      network.image_width, std::max(plan.span.columns, known_columns(request, batch, network.image_width)));
  const Shape image = network.shape(0, 1);
  const int chain_batches = (request.chains + batch - 1) / batch;
  require_memory(
      static_cast<double>(program.state_bytes_per_chain(max_columns)) * batch *
          std::min(chain_batches, workers.threads()),
      fmt::format("drawing {} at a time, each of {} columns, on each of {} takes", counted(batch, "image"),
                  network.image_width, counted(workers.threads(), "thread")),
      "fewer threads, smaller batches of chains or narrower images take less");
  // What one batch taught goes on to the next: guesses do not show in what is drawn.
  Pool<std::vector<GuessTable>> tables(
      [&] { return guesses ? new_tables(head, network, request.temperature) : std::vector<GuessTable>(); });
  std::mutex counts_mutex;
  SpeculationCounts counts;
  workers.parallel_for(static_cast<std::size_t>(chain_batches), [&](std::size_t task) {
    const int first = static_cast<int>(task) * batch;
    const int chains = std::min(batch, request.chains - first);
    const Given given = request.given.part(to_index(request.chains), to_index(first), to_index(chains));
    IncrementalState state(program, chains, max_columns, given);
    const auto borrowed = tables.borrow();
    std::optional<Guesser> guesser;
    if (guesses) guesser.emplace(*borrowed, head, image, first, chains, plan.span, draws);
    ChainBatch drawing(program, image, first, state, draws, guesses ? &*guesser : nullptr);
    drawing.draw();
    const std::lock_guard lock(counts_mutex);
    counts += drawing.counts();
  });
  Samples samples = std::move(draws).take(batch, program.precision());
  samples.longest_span = plan.span.columns;
  samples.speculation = counts;
  return samples;
}

}  // namespace pcnn

#include "engine/run/dry_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/compile/batch/program.h"
#include "engine/core/digits.h"
#include "engine/model/summary.h"
#include "engine/run/checkpoint_store.h"
#include "engine/run/training_run.h"
#include "engine/sample/incremental_sampler.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

std::string megabytes(std::size_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

void print_table(const Network& network, Console& console) {
  std::string table = network_table(network);
  table.pop_back();
  console.line(table);
}

void describe_memory(const RunConfig& config, const Network& network, Precision precision, Console& console) {
  const Program training(network, shard_images(config.train, network), Purpose::kTraining,
                         {.precision = precision});
  require_memory_for_workspaces(training, network, config.threads, "training on");
  console.line(
      fmt::format("memory: {}, {} per worker ({} per shard; {} if no tensors shared bytes), {} of packed "
                  "weights for all; {}",
                  name_of(precision), megabytes(training.workspace_bytes()),
                  counted(training.images(), "image"), megabytes(training.workspace_bytes_unshared()),
                  megabytes(training.packed_bytes()), counted(config.threads, "worker")));
}

// Where a batch has fewer shards than there are threads on all ranks.
void describe_idle_threads(const RunConfig& config, const Network& network, int ranks, Console& console) {
  const int size = shard_images(config.train, network), threads = config.threads * ranks;
  const auto batch = static_cast<int>(config.train.batch);
  const auto busy_with = [&](int images) { return std::min((batch + images - 1) / images, threads); };
  if (busy_with(size) == threads) return;
  console.line(fmt::format("threads: a batch of {} has {} of {}, so that {} of {} are busy; {}", batch,
                           counted(busy_with(size), "shard"), counted(size, "image"), busy_with(size),
                           counted(threads, "thread"),
                           size > 1 ? fmt::format("train.shard_images=1 keeps {} busy", busy_with(1))
                                    : "a larger train.batch keeps more busy"));
}

// The size that decides how many rows are kept of an image.
std::string kept_at(const Network& network) {
  const bool attends = std::ranges::any_of(
      network.nodes, [](const Node& node) { return std::holds_alternative<AttentionOp>(node.op); });
  if (network.condition.maps == 0 && !attends)
    return fmt::format("{} columns, whatever the height", network.image_width);
  return fmt::format("{}x{}, with {}{}{}", network.image_height, network.image_width,
                     network.condition.maps > 0 ? "all rows of the maps that are given" : "",
                     network.condition.maps > 0 && attends ? " and " : "",
                     attends ? "the keys and values of all pixels" : "");
}

// What grows faster than images do.
void describe_attention(const Network& network, Console& console) {
  int layers = 0;
  std::uint64_t multiply_adds = 0;
  for (int node = 0; node < static_cast<int>(network.nodes.size()); ++node)
    if (const auto* op = std::get_if<AttentionOp>(&network.node(node).op)) {
      ++layers;
      multiply_adds += op->summary(network, node)->multiply_adds;
    }
  if (layers == 0) return;
  const PixelProgram program(network, std::vector<float>(network.parameter_count()));
  const int pixels = network.image_height * network.image_width;
  console.line(fmt::format(
      "attention: {} multiply-adds an image in {}, which grow with pixels x pixels ({} x {}); of keys and "
      "values sampling keeps {} bytes per chain, which grow with pixels",
      grouped(multiply_adds), counted(layers, "layer"), grouped(static_cast<std::uint64_t>(pixels)),
      grouped(static_cast<std::uint64_t>(pixels)), grouped(program.cache_bytes_per_chain())));
}

void describe_sampling(const RunConfig& config, const Network& network, Precision precision,
                       Console& console) {
  if (config.sample.sampler.kind == SamplerKind::kNaive || config.sample.count == 0) return;
  const PixelProgram program(network, std::vector<float>(network.parameter_count()), pixel_kernel(precision));
  const SamplerConfig& sampler = config.sample.sampler;
  const ChainPlan plan =
      plan_chains(program, *make_output_head(config.model.head, network.image_channels), config.sample.count,
                  config.threads, sampler.chain_batch, sampler.speculate);
  console.line(fmt::format(
      "sampling: {}, {} of kept rows per chain at {}; batches of {}, {} of weights{}", program.arithmetic(),
      megabytes(program.state_bytes_per_chain()), kept_at(network), counted(plan.chain_batch, "chain"),
      megabytes(program.weight_bytes()),
      plan.span.columns > 1
          ? fmt::format("; up to {} pixels guessed at once", std::min(plan.span.columns, network.image_width))
          : ""));
}

// Where a resumed run would go on from.
std::string describe_resume(const RunParts& run, const Workers& workers, Console& console) {
  Trainer trainer(run.network, *run.head, run.config.train, run.config.seed,
                  std::vector<float>(run.network.parameter_count()), workers, run.precision);
  const Standing standing = restore_latest(run, trainer, console).standing;
  const std::string finished = how_to_go_beyond(run, trainer, standing);
  if (!finished.empty()) return finished;
  return fmt::format("the run would go on in {} from step {}", run.directory.path(),
                     grouped(trainer.progress().step));
}

}  // namespace

void describe_run(const RunParts& run, bool resumes, double loading_seconds, const Workers& workers,
                  Console& console) {
  print_table(run.network, console);
  describe_memory(run.config, run.network, run.precision, console);
  describe_idle_threads(run.config, run.network, run.ranks ? run.ranks->size() : 1, console);
  describe_attention(run.network, console);
  describe_sampling(run.config, run.network, run.precision, console);
  console.line(
      fmt::format("data: {} to train on, {} to validate and {} to test, read and checked in {:.2f} s",
                  counted(run.data.train.count, "image"), grouped(run.data.validation.count),
                  grouped(run.data.test.count), loading_seconds));
  if (run.start) console.line(fmt::format("the run would start from the parameters of {}", run.start->path));
  console.line(resumes ? describe_resume(run, workers, console)
                       : fmt::format("the run would begin in {}", run.directory.path()));
}

}  // namespace pcnn

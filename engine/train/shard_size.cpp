#include "engine/train/shard_size.h"

#include <fmt/format.h>
#include <algorithm>
#include "engine/core/digits.h"
#include "engine/core/memory.h"

namespace pcnn {
namespace {

constexpr std::int64_t kMostImages = 4;
// Of the f32 values of all nodes of a shard; a workspace is about 0.6 of that, gradients and scratchpad
// included. The tutorial's network has 15.3 MB an image at 28x28.
constexpr std::size_t kBudgetBytes = 64'000'000;

std::size_t feature_bytes(const Network& network) {
  std::size_t values = 0;
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    values += network.shape(static_cast<int>(node), 1).size();
  return values * sizeof(float);
}

}  // namespace

int chosen_shard_images(const Network& network, std::int64_t batch) {
  const auto affordable = static_cast<std::int64_t>(kBudgetBytes / feature_bytes(network));
  std::int64_t size = std::clamp<std::int64_t>(affordable, 1, kMostImages);
  while (batch % size != 0) --size;
  return static_cast<int>(size);
}

int shard_images(const TrainConfig& config, const Network& network) {
  return config.shard_images ? static_cast<int>(*config.shard_images)
                             : chosen_shard_images(network, config.batch);
}

void require_memory_for_workspaces(const Program& program, const Network& network, int threads,
                                   const std::string& doing) {
  // Beside its workspace each thread holds the images, the logits and their derivatives.
  const int images = program.images();
  const std::size_t floats =
      network.shape(0, images).size() + 2 * network.shape(network.logits, images).size();
  require_memory(static_cast<double>(program.workspace_bytes() + floats * sizeof(float)) * threads,
                 fmt::format("{} {} of {}x{} on each of {} takes", doing, counted(images, "image"),
                             network.image_height, network.image_width, counted(threads, "thread")),
                 "fewer threads or smaller images take less");
}

}  // namespace pcnn

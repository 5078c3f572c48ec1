#pragma once

// Loss and gradient of one batch, data-parallel. The batch is cut into shards of a few images whose number
// follows from the config alone; shards run on any thread, and their gradients are added along a tree fixed
// by their indices. So a batch gives the same bits on any number of threads, and of ranks.

#include <functional>
#include <span>
#include <vector>

#include "engine/compile/batch/program.h"
#include "engine/core/parallel.h"
#include "engine/core/pool.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/ranks/team.h"

namespace pcnn {

// Writes image `position` of a batch, CHW as fed to the network. Called from several threads at once.
using FillImage = std::function<void(int position, std::span<float> image)>;

// One thread at a time; its own work goes to the workers.
class BatchGradient {
 public:
  // All three must outlive this, and the team's ranks. Memory: threads() workspaces, and a few gradient
  // buffers. input_noise: the rate of add_input_noise(). Throws ConfigError where this machine has no memory
  // for the workspaces.
  BatchGradient(const Network& network, const OutputHead& head, int shard_images, const Workers& workers,
                Precision precision = Precision::kF32, Team team = {}, double input_noise = 0.0);
  ~BatchGradient();

  // Call after the parameters changed, before compute().
  void load_parameters(std::span<const float> parameters);

  // Nats of the batch, summed over its images and dimensions. gradients (parameter order) receives the
  // derivative of the mean over images and dimensions; dead weights get exactly zero. given: of each image.
  // dropout: of the first image, for input noise too. Called by every rank of the team, with the same; each
  // asks for its own images alone, and for what they are given.
  double compute(int images, const FillImage& fill, std::span<float> gradients, const Given& given = {},
                 const DropoutKey& dropout = {});

  // Of a batch of so many images, those that a rank computes.
  [[nodiscard]] Range images_of(int rank, int images) const;

  [[nodiscard]] const Program& program() const { return program_; }

 private:
  struct Buffers;  // of one shard at work
  struct Partial;  // what some shards in a row came to

  double run_shard(std::size_t shard, int images, const FillImage& fill, const Given& given,
                   DropoutKey dropout, std::span<float> gradients);

  const Network& network_;
  const OutputHead& head_;
  const Workers& workers_;
  Team team_;
  double input_noise_;
  std::size_t image_size_;
  std::size_t logits_size_;
  Program program_;
  PackedWeights packed_;
  Pool<Buffers> buffers_;
  Pool<std::vector<float>> gradients_;
};

}  // namespace pcnn

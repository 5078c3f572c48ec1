#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/compile/batch/program.h"
#include "engine/core/parallel.h"
#include "engine/core/pool.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/train/batch_gradient.h"

namespace pcnn {

// Exact negative log-likelihoods of images, forward passes only, data-parallel.
// One thread at a time; its own work goes to the workers.
class Scorer {
 public:
  // All three must outlive this. Throws ConfigError where this machine has no memory for the images' feature
  // maps.
  Scorer(const Network& network, const OutputHead& head, int shard_images, const Workers& workers,
         Precision precision = Precision::kF32);
  ~Scorer();

  // Nats of each image, summed over its dimensions; the same bits on any number of threads. given: of each
  // image.
  [[nodiscard]] std::vector<double> nats(std::span<const float> parameters, int images, const FillImage& fill,
                                         const Given& given = {});

  // The same by pixel, each summed over its channels: [image][row][column].
  [[nodiscard]] std::vector<float> pixel_nats(std::span<const float> parameters, int images,
                                              const FillImage& fill, const Given& given = {});

  // [image][logit][row][column].
  [[nodiscard]] std::vector<float> logits(std::span<const float> parameters, int images,
                                          const FillImage& fill, const Given& given = {});

  [[nodiscard]] const Program& program() const { return program_; }

 private:
  struct Buffers;  // of one shard at work
  // Takes image `position`, from several threads at once.
  using TakeLogits = std::function<void(std::size_t position, std::span<const float> logits,
                                        std::span<const float> targets)>;

  void forward(std::span<const float> parameters, int images, const FillImage& fill, const Given& given,
               const TakeLogits& take);

  const Network& network_;
  const OutputHead& head_;
  const Workers& workers_;
  std::size_t image_size_;
  std::size_t logits_size_;
  std::size_t area_;
  Program program_;
  PackedWeights packed_;
  Pool<Buffers> buffers_;
};

// Mean over images of the sum over dimensions, and the two units derived from it.
struct Score {
  double nats_per_image = 0.0;
  double nats_per_dim = 0.0;
  double bits_per_dim = 0.0;
  int images = 0;
};
[[nodiscard]] Score summarise(std::span<const double> nats, std::size_t dims_per_image);

}  // namespace pcnn

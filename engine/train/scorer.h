#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/compile/batch/program.h"
#include "engine/core/parallel.h"
#include "engine/core/pool.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/ranks/message.h"
#include "engine/ranks/team.h"
#include "engine/train/batch_gradient.h"

namespace pcnn {

// Exact negative log-likelihoods of images, forward passes only, data-parallel.
// One thread at a time; its own work goes to the workers.
class Scorer {
 public:
  // All three must outlive this, and the team's ranks. Throws ConfigError where this machine has no memory
  // for the images' feature maps. Rank 0 of a team has the scores; the others have a scorer each that
  // follows.
  Scorer(const Network& network, const OutputHead& head, int shard_images, const Workers& workers,
         Precision precision = Precision::kF32, Team team = {});
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

  // On the other ranks, where Job::kScore has been read of the message: scores the part that rank 0 handed
  // out, and posts the result.
  void follow(MessageReader& message);

  [[nodiscard]] const Program& program() const { return program_; }
  [[nodiscard]] const Team& team() const { return team_; }

 private:
  struct Buffers;  // of one shard at work
  enum class Result : std::uint32_t { kNats, kPixelNats, kLogits };
  // Takes image `position`, from several threads at once.
  using TakeLogits = std::function<void(std::size_t position, std::span<const float> logits,
                                        std::span<const float> targets)>;

  void forward(int images, const FillImage& fill, const Given& given, const TakeLogits& take);
  // Into one Value for each of `each` of an image; by all ranks.
  template <typename Value>
  std::vector<Value> compute(Result result, std::size_t each, std::span<const float> parameters, int images,
                             const FillImage& fill, const Given& given);
  template <typename Value>
  void compute_here(Result result, std::size_t each, int images, const FillImage& fill, const Given& given,
                    std::span<Value> values);
  template <typename Value>
  void follow(Result result, std::size_t each, MessageReader& message);

  const Network& network_;
  const OutputHead& head_;
  const Workers& workers_;
  Team team_;
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

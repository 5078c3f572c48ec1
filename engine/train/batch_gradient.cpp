#include "engine/train/batch_gradient.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "engine/core/index.h"
#include "engine/train/input_noise.h"
#include "engine/train/rank_sum.h"
#include "engine/train/shard_size.h"

namespace pcnn {

struct BatchGradient::Buffers {
  Workspace workspace;
  std::vector<float> images;
  std::vector<float> noisy;  // what the network reads instead, where there is noise
  std::vector<float> logits;
  std::vector<float> diff_logits;
  GivenBatch given;
};

struct BatchGradient::Partial {
  double nats = 0.0;
  std::optional<Pool<std::vector<float>>::Loan> gradients;
};

BatchGradient::BatchGradient(const Network& network, const OutputHead& head, int shard_images,
                             const Workers& workers, Precision precision, Team team, double input_noise)
    : network_(network),
      head_(head),
      workers_(workers),
      team_(team),
      input_noise_(input_noise),
      image_size_(network.shape(0, 1).size()),
      logits_size_(network.shape(network.logits, 1).size()),
      program_(network, shard_images, Purpose::kTraining, {.precision = precision}),
      packed_(program_.new_packed_weights()),
      buffers_([this, count = static_cast<std::size_t>(shard_images)] {
        return Buffers{Workspace(program_, packed_),
                       std::vector<float>(count * image_size_),
                       {},
                       std::vector<float>(count * logits_size_),
                       std::vector<float>(count * logits_size_),
                       GivenBatch(network_, count)};
      }),
      // Zeroed once: backward() never writes the rows below a kernel's centre and overwrites all else.
      gradients_([this] { return std::vector<float>(network_.parameter_count(), 0.0f); }) {
  require_memory_for_workspaces(program_, network, workers.threads(), "training on");
  workers.on_each_thread([&] { buffers_.add(); });
}

BatchGradient::~BatchGradient() = default;

void BatchGradient::load_parameters(std::span<const float> parameters) {
  workers_.parallel_for(program_.packed_kernel_count(),
                        [&](std::size_t kernel) { program_.pack_kernel(kernel, parameters, packed_); });
  program_.pack_biases(parameters, packed_);
}

double BatchGradient::run_shard(std::size_t shard, int images, const FillImage& fill, const Given& given,
                                DropoutKey dropout, std::span<float> gradients) {
  const Pool<Buffers>::Loan buffers = buffers_.borrow();
  const int first = static_cast<int>(shard) * program_.images();
  const int present = std::min(program_.images(), images - first);
  const auto part = [](std::vector<float>& all, int i, std::size_t size) {
    return std::span(all).subspan(static_cast<std::size_t>(i) * size, size);
  };

  // The last shard of a ragged batch is filled up with black images of weight zero.
  for (int i = 0; i < program_.images(); ++i) {
    const std::span<float> image = part(buffers->images, i, image_size_);
    if (i < present)
      fill(first + i, image);
    else
      std::ranges::fill(image, 0.0f);
  }
  dropout.first_image += static_cast<std::uint32_t>(first);
  buffers->given.take(given, static_cast<std::size_t>(first));
  if (input_noise_ > 0.0) {
    buffers->noisy = buffers->images;
    for (int i = 0; i < present; ++i)
      add_input_noise(input_noise_, head_, dropout, static_cast<std::uint32_t>(i), network_.image_channels,
                      part(buffers->noisy, i, image_size_));
  }
  const std::vector<float>& read = input_noise_ > 0.0 ? buffers->noisy : buffers->images;
  program_.forward(buffers->workspace, read, buffers->logits, buffers->given.view(), dropout);

  double nats = 0.0;
  for (int i = 0; i < present; ++i)
    nats += head_.nats(part(buffers->logits, i, logits_size_), part(buffers->images, i, image_size_),
                       part(buffers->diff_logits, i, logits_size_));
  const float mean = 1.0f / (static_cast<float>(images) * static_cast<float>(image_size_));
  for (float& diff : buffers->diff_logits) diff *= mean;
  for (int i = present; i < program_.images(); ++i)
    std::ranges::fill(part(buffers->diff_logits, i, logits_size_), 0.0f);
  program_.backward(buffers->workspace, buffers->diff_logits, gradients);
  return nats;
}

Range BatchGradient::images_of(int rank, int images) const {
  return share_of(to_index(images), to_index(program_.images()), rank, team_.size());
}

double BatchGradient::compute(int images, const FillImage& fill, std::span<float> gradients,
                              const Given& given, const DropoutKey& dropout) {
  assert(images > 0);
  check_given(given, network_, to_index(images));
  const std::size_t shards = to_index((images + program_.images() - 1) / program_.images());
  std::vector<Partial> partials(shards);
  // All of the tree, or what of it lies within this rank's shards.
  const std::vector<Range> nodes = whole_nodes(shards, share_of(shards, team_.rank(), team_.size()));
  const auto add_up = [&](std::size_t node) {
    const std::size_t first = nodes[node].begin;
    workers_.parallel_reduce(
        nodes[node].size(),
        [&](std::size_t shard) {
          Partial& partial = partials[first + shard];
          partial.gradients.emplace(gradients_.borrow());
          partial.nats = run_shard(first + shard, images, fill, given, dropout, **partial.gradients);
        },
        [&](std::size_t left, std::size_t right) {
          std::vector<float>&sum = **partials[first + left].gradients,
          &other = **partials[first + right].gradients;
          for (std::size_t i = 0; i < other.size(); ++i) sum[i] += other[i];
          partials[first + left].nats += partials[first + right].nats;
          partials[first + right].gradients.reset();
        });
  };
  if (nodes.size() == 1)  // as without other ranks, where its pieces are all there is to share out
    add_up(0);
  else
    workers_.parallel_for(nodes.size(), add_up);
  double nats = partials[0].nats;
  if (team_.ranks) {
    std::vector<std::span<const float>> sums;
    std::vector<double> sums_of_nats;
    for (const Range node : nodes) {
      sums.emplace_back(**partials[node.begin].gradients);
      sums_of_nats.push_back(partials[node.begin].nats);
    }
    sum_over_ranks(*team_.ranks, shards, sums, gradients);
    nats = sum_over_ranks(*team_.ranks, shards, sums_of_nats);
  } else {
    std::ranges::copy(**partials[0].gradients, gradients.begin());
  }
  zero_dead_weights(network_, gradients);
  return nats;
}

}  // namespace pcnn

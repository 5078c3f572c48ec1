#include "engine/train/scorer.h"

#include <algorithm>
#include <numbers>

#include "engine/train/shard_size.h"

namespace pcnn {

struct Scorer::Buffers {
  Workspace workspace;
  std::vector<float> images;
  std::vector<float> logits;
  GivenBatch given;
};

Scorer::Scorer(const Network& network, const OutputHead& head, int shard_images, const Workers& workers,
               Precision precision)
    : network_(network),
      head_(head),
      workers_(workers),
      image_size_(network.shape(0, 1).size()),
      logits_size_(network.shape(network.logits, 1).size()),
      area_(image_size_ / static_cast<std::size_t>(network.image_channels)),
      program_(network, shard_images, Purpose::kInference, {.precision = precision}),
      packed_(program_.new_packed_weights()),
      buffers_([this, count = static_cast<std::size_t>(shard_images)] {
        return Buffers{Workspace(program_, packed_), std::vector<float>(count * image_size_),
                       std::vector<float>(count * logits_size_), GivenBatch(network_, count)};
      }) {
  require_memory_for_workspaces(program_, network, workers.threads(), "scoring");
  buffers_.reserve(static_cast<std::size_t>(workers.threads()));
}

Scorer::~Scorer() = default;

std::vector<double> Scorer::nats(std::span<const float> parameters, int images, const FillImage& fill,
                                 const Given& given) {
  std::vector<double> nats(static_cast<std::size_t>(images));
  forward(parameters, images, fill, given,
          [&](std::size_t position, std::span<const float> logits, std::span<const float> targets) {
            nats[position] = head_.nats(logits, targets, {});
          });
  return nats;
}

std::vector<float> Scorer::pixel_nats(std::span<const float> parameters, int images, const FillImage& fill,
                                      const Given& given) {
  std::vector<float> nats(static_cast<std::size_t>(images) * area_);
  forward(parameters, images, fill, given,
          [&](std::size_t position, std::span<const float> logits, std::span<const float> targets) {
            head_.pixel_nats(logits, targets, std::span(nats).subspan(position * area_, area_));
          });
  return nats;
}

std::vector<float> Scorer::logits(std::span<const float> parameters, int images, const FillImage& fill,
                                  const Given& given) {
  std::vector<float> all(static_cast<std::size_t>(images) * logits_size_);
  forward(parameters, images, fill, given,
          [&](std::size_t position, std::span<const float> logits, std::span<const float>) {
            std::ranges::copy(logits, all.begin() + static_cast<std::ptrdiff_t>(position * logits_size_));
          });
  return all;
}

void Scorer::forward(std::span<const float> parameters, int images, const FillImage& fill, const Given& given,
                     const TakeLogits& take) {
  check_given(given, network_, static_cast<std::size_t>(images));
  program_.pack(parameters, packed_);
  const int per_shard = program_.images();
  workers_.parallel_for(
      static_cast<std::size_t>((images + per_shard - 1) / per_shard), [&](std::size_t index) {
        const Pool<Buffers>::Loan buffers = buffers_.borrow();
        const int first = static_cast<int>(index) * per_shard;
        const int present = std::min(per_shard, images - first);
        // A ragged last shard keeps stale images at its end; nobody reads their logits.
        for (int i = 0; i < present; ++i)
          fill(first + i,
               std::span(buffers->images).subspan(static_cast<std::size_t>(i) * image_size_, image_size_));
        buffers->given.take(given, static_cast<std::size_t>(first));
        program_.forward(buffers->workspace, buffers->images, buffers->logits, buffers->given.view());
        for (int i = 0; i < present; ++i)
          take(static_cast<std::size_t>(first + i),
               std::span(buffers->logits).subspan(static_cast<std::size_t>(i) * logits_size_, logits_size_),
               std::span(buffers->images).subspan(static_cast<std::size_t>(i) * image_size_, image_size_));
      });
}

Score summarise(std::span<const double> nats, std::size_t dims_per_image) {
  Score score;
  score.images = static_cast<int>(nats.size());
  for (const double value : nats) score.nats_per_image += value;
  if (score.images > 0) score.nats_per_image /= score.images;
  score.nats_per_dim = score.nats_per_image / static_cast<double>(dims_per_image);
  score.bits_per_dim = score.nats_per_dim / std::numbers::ln2;
  return score;
}

}  // namespace pcnn

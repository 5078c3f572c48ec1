#include "engine/train/scorer.h"

#include <algorithm>
#include <numbers>
#include <type_traits>

#include "engine/core/index.h"
#include "engine/ranks/few_values.h"
#include "engine/ranks/given_message.h"
#include "engine/train/shard_size.h"

namespace pcnn {

struct Scorer::Buffers {
  Workspace workspace;
  std::vector<float> images;
  std::vector<float> logits;
  GivenBatch given;
};

Scorer::Scorer(const Network& network, const OutputHead& head, int shard_images, const Workers& workers,
               Precision precision, Team team)
    : network_(network),
      head_(head),
      workers_(workers),
      team_(team),
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
  workers.on_each_thread([&] { buffers_.add(); });
}

Scorer::~Scorer() = default;

std::vector<double> Scorer::nats(std::span<const float> parameters, int images, const FillImage& fill,
                                 const Given& given) {
  return compute<double>(Result::kNats, 1, parameters, images, fill, given);
}

std::vector<float> Scorer::pixel_nats(std::span<const float> parameters, int images, const FillImage& fill,
                                      const Given& given) {
  return compute<float>(Result::kPixelNats, area_, parameters, images, fill, given);
}

std::vector<float> Scorer::logits(std::span<const float> parameters, int images, const FillImage& fill,
                                  const Given& given) {
  return compute<float>(Result::kLogits, logits_size_, parameters, images, fill, given);
}

template <typename Value>
void Scorer::compute_here(Result result, std::size_t each, int images, const FillImage& fill,
                          const Given& given, std::span<Value> values) {
  forward(images, fill, given,
          [&](std::size_t position, std::span<const float> logits, std::span<const float> targets) {
            const std::span<Value> to = values.subspan(position * each, each);
            if constexpr (std::is_same_v<Value, double>)
              to[0] = head_.nats(logits, targets, {});
            else if (result == Result::kPixelNats)
              head_.pixel_nats(logits, targets, to);
            else
              std::ranges::copy(logits, to.begin());
          });
}

template <typename Value>
std::vector<Value> Scorer::compute(Result result, std::size_t each, std::span<const float> parameters,
                                   int images, const FillImage& fill, const Given& given) {
  check_given(given, network_, to_index(images));
  const UnfinishedWhereThrown guard(team_.ranks);
  std::vector<Value> values(to_index(images) * each);
  const auto part_of = [&](int rank) {
    return share_of(to_index(images), to_index(program_.images()), rank, team_.size());
  };
  std::vector<float> handed_out;
  team_.hand_out(Job::kScore, [&](MessageWriter& message, int rank) {
    const Range part = part_of(rank);
    message.put(result);
    put_given(message, given.part(to_index(images), part.begin, part.size()));
    handed_out.resize(part.size() * image_size_);
    workers_.parallel_for(part.size(), [&](std::size_t i) {
      fill(static_cast<int>(part.begin + i), std::span(handed_out).subspan(i * image_size_, image_size_));
    });
    put_few_values(message, handed_out, workers_);
  });
  if (team_.ranks) {
    std::vector<float> sent(parameters.begin(), parameters.end());
    team_.ranks->broadcast(sent);
  }
  program_.pack(parameters, packed_);
  const Range own = part_of(0);
  compute_here<Value>(result, each, static_cast<int>(own.size()), fill,
                      given.part(to_index(images), 0, own.size()), values);
  team_.collect([&](MessageReader& message, int rank) {
    std::ranges::copy(message.get_room<Value>(),
                      values.begin() + static_cast<std::ptrdiff_t>(part_of(rank).begin * each));
  });
  return values;
}

template <typename Value>
void Scorer::follow(Result result, std::size_t each, MessageReader& message) {
  const GivenBatch given = get_given(message);
  const FewValues pixels(message);
  std::vector<float> parameters(network_.parameter_count());
  team_.ranks->broadcast(parameters);
  program_.pack(parameters, packed_);
  const std::size_t images = pixels.size() / image_size_;
  MessageWriter answer;
  const std::span<Value> values = answer.put_room<Value>(images * each);
  const auto fill = [&](int position, std::span<float> image) {
    pixels.copy(to_index(position) * image_size_, image.first(image_size_));
  };
  compute_here<Value>(result, each, static_cast<int>(images), fill, given.view(), values);
  team_.ranks->post(0, answer.bytes());
}

void Scorer::follow(MessageReader& message) {
  switch (const auto result = message.get<Result>()) {
    case Result::kNats:
      return follow<double>(result, 1, message);
    case Result::kPixelNats:
      return follow<float>(result, area_, message);
    case Result::kLogits:
      return follow<float>(result, logits_size_, message);
  }
}

void Scorer::forward(int images, const FillImage& fill, const Given& given, const TakeLogits& take) {
  const int per_shard = program_.images();
  workers_.parallel_for(to_index((images + per_shard - 1) / per_shard), [&](std::size_t index) {
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

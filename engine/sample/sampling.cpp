#include "engine/sample/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/core/index.h"

namespace pcnn {

PixelDraws::PixelDraws(const Network& network, const OutputHead& head, const SampleRequest& request)
    : head_(head),
      request_(request),
      image_(network.shape(0, 1)),
      stream_(request.seed, Stream::kSample),
      group_channels_(network.image_channels / network.groups) {
  const std::size_t chains = static_cast<std::size_t>(request.chains), dims = chains * image_.size();
  const std::size_t pixels = dims / static_cast<std::size_t>(image_.c);
  if (request.canvas.size() != (request.canvas.empty() ? 0 : dims) ||
      request.known.size() != (request.known.empty() ? 0 : pixels))
    throw std::invalid_argument("the canvas or its mask does not fit " + std::to_string(request.chains) +
                                " images of " + image_.text());
  if (!request.known.empty() && request.canvas.empty())
    throw std::invalid_argument("known pixels without a canvas");
  check_given(request.given, network, chains);
  samples_.images.assign(request.canvas.begin(), request.canvas.end());
  samples_.images.resize(dims, 0.0f);
  if (request.with_probabilities)
    samples_.probabilities.resize(dims * static_cast<std::size_t>(head.probability_count()));
}

std::span<float> PixelDraws::image(int chain) {
  return std::span(samples_.images).subspan(static_cast<std::size_t>(chain) * image_.size(), image_.size());
}

bool PixelDraws::is_known(int chain, int row, int column) const {
  return !request_.known.empty() &&
         request_.known[(to_index(chain) * to_index(image_.h) + to_index(row)) * to_index(image_.w) +
                        to_index(column)] != 0;
}

bool PixelDraws::skips(int chain, int row, int column) const {
  return !request_.with_probabilities && is_known(chain, row, column);
}

float PixelDraws::uniform(int chain, int row, int column, int channel) const {
  return stream_.uniform(static_cast<std::uint32_t>(request_.first_chain + chain),
                         static_cast<std::uint32_t>(row * image_.w + column),
                         static_cast<std::uint32_t>(channel));
}

bool PixelDraws::draw(int chain, int row, int column, int group, std::span<const float> logits,
                      std::span<float> values) {
  const bool known = is_known(chain, row, column);
  const auto temperature = static_cast<float>(request_.temperature);
  // What is drawn from others means nothing, and nobody is to take it for an image.
  const bool finite = std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); });
  bool same = true;
  for (int i = 0; i < group_channels_; ++i) {
    const auto at_group = static_cast<std::size_t>(i);
    const int channel = group * group_channels_ + i;
    const std::size_t at = image_.offset(chain, channel, row, column);
    const Conditional dimension{.logits = logits, .channel = i, .earlier = values.first(at_group)};
    if (request_.with_probabilities) {
      const auto count = static_cast<std::size_t>(head_.probability_count());
      head_.probabilities(dimension, temperature,
                          std::span(samples_.probabilities).subspan(at * count, count));
    }
    float& value = samples_.images[at];
    const float held = value;
    if (!known && !finite)
      value = std::numeric_limits<float>::quiet_NaN();
    else if (!known)
      value = head_.draw(dimension, temperature, uniform(chain, row, column, channel));
    values[at_group] = value;
    same &= value == held;
  }
  return same;
}

void PixelDraws::count_pixels(int pixels) {
  const std::int64_t done = done_ += pixels;
  if (!request_.on_progress) return;
  if (const std::unique_lock lock(progress_mutex_, std::try_to_lock); lock.owns_lock())
    request_.on_progress(done);
}

Samples PixelDraws::take(int chain_batch, Precision precision) && {
  samples_.chain_batch = chain_batch;
  samples_.precision = precision;
  return std::move(samples_);
}

}  // namespace pcnn

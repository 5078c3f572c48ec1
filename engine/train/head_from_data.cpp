#include "engine/train/head_from_data.h"

#include <algorithm>
#include <optional>
#include <variant>
#include <vector>

#include "engine/core/index.h"
#include "engine/model/logit_parts.h"
#include "engine/model/value_counts.h"

namespace pcnn {
namespace {

constexpr float kKernelFactor = 0.1f;

// By channel.
using Counts = std::vector<ValueCounts>;

const MaskedConvOp& conv_of(const Network& network, int node) {
  return std::get<MaskedConvOp>(network.node(node).op);
}

// What a forecast reads of the image, by weights that are not zero: few at first, when its bias is 0.
class Forecast {
 public:
  Forecast(const Network& network, const MaskedConvOp& conv, std::span<const float> parameters)
      : image_(network.shape(0, 1)) {
    const Parameter& weight = network.parameters[to_index(conv.weight)];
    const Shape kernel{weight.shape[0], weight.shape[1], weight.shape[2], weight.shape[3]};
    for (int to = 0; to < kernel.n; ++to)
      for (int from = 0; from < kernel.c; ++from)
        for (int row = 0; row < kernel.h; ++row)
          for (int column = 0; column < kernel.w; ++column)
            if (const float value = parameters[weight.offset + kernel.offset(to, from, row, column)];
                value != 0.0f)
              taps_.push_back({to, from, row - kernel.h / 2, column - kernel.w / 2, value});
  }

  // residual: the image, CHW, less what is forecast of it.
  void subtract(std::span<const float> image, std::span<float> residual) const {
    for (const auto& [to, from, down, right, weight] : taps_)
      for (int row = std::max(0, -down); row < std::min(image_.h, image_.h - down); ++row)
        for (int column = std::max(0, -right); column < std::min(image_.w, image_.w - right); ++column)
          residual[image_.offset(0, to, row, column)] -=
              weight * image[image_.offset(0, from, row + down, column + right)];
  }

 private:
  struct WeightedTap {
    int to, from, down, right;
    float weight;
  };
  Shape image_;
  std::vector<WeightedTap> taps_;
};

// forecast: null for none.
Counts count_values(const OutputHead& head, const Forecast* forecast, const ImageSet& images,
                    const PixelCoding& coding, const Workers& workers) {
  // What is left beside a forecast lies between levels, too.
  const ValueCounts empty(head.value(1) - head.value(0), forecast != nullptr ? 4 : 1);
  const Counts none(to_index(images.channels), empty);
  // Each part counts more than it has bins to add up at the end.
  const std::size_t count = to_index(images.count), area = images.image_size() / to_index(images.channels),
                    parts = std::clamp<std::size_t>(count * area / empty.bin_count(), 1,
                                                    to_index(workers.threads()));
  std::vector<Counts> part_counts(parts, none);
  workers.parallel_for(parts, [&](std::size_t part) {
    std::vector<float> image(images.image_size()), values;
    for (std::size_t i = count * part / parts; i < count * (part + 1) / parts; ++i) {
      coding.encode(images, static_cast<int>(i), 0, image);
      values = image;
      if (forecast != nullptr) forecast->subtract(image, values);
      for (std::size_t value = 0; value < values.size(); ++value)
        part_counts[part][value / area].add(values[value]);
    }
  });
  Counts all = none;
  for (const Counts& part : part_counts)
    for (std::size_t channel = 0; channel < all.size(); ++channel) all[channel].add(part[channel]);
  return all;
}

}  // namespace

void start_head_from_data(const Network& network, const OutputHead& head, const ImageSet& images,
                          const PixelCoding& coding, const Workers& workers, std::span<float> parameters) {
  const LogitParts parts = logit_parts(network);
  const MaskedConvOp& own = conv_of(network, parts.own);
  std::optional<Forecast> forecast;
  if (parts.forecast >= 0) forecast.emplace(network, conv_of(network, parts.forecast), parameters);
  const std::vector<float> first =
      head.first_logits(count_values(head, forecast ? &*forecast : nullptr, images, coding, workers));
  std::ranges::copy(first, parameters.data() + network.parameters[to_index(own.bias)].offset);
  const Parameter& kernel = network.parameters[to_index(own.weight)];
  for (float& weight : parameters.subspan(kernel.offset, kernel.size)) weight *= kKernelFactor;
}

}  // namespace pcnn

#include "engine/train/head_from_data.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "engine/core/index.h"
#include "engine/model/value_counts.h"

namespace pcnn {
namespace {

constexpr float kKernelFactor = 0.1f;

// By channel.
using Counts = std::vector<ValueCounts>;

Counts count_values(const OutputHead& head, const ImageSet& images, const PixelCoding& coding,
                    const Workers& workers) {
  const Counts none(to_index(images.channels), ValueCounts(head.value(1) - head.value(0)));
  const std::size_t parts = to_index(workers.threads()), count = to_index(images.count),
                    area = images.image_size() / to_index(images.channels);
  std::vector<Counts> part_counts(parts, none);
  workers.parallel_for(parts, [&](std::size_t part) {
    std::vector<float> image(images.image_size());
    for (std::size_t i = count * part / parts; i < count * (part + 1) / parts; ++i) {
      coding.encode(images, static_cast<int>(i), 0, image);
      for (std::size_t value = 0; value < image.size(); ++value)
        part_counts[part][value / area].add(image[value]);
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
  const auto& logits = std::get<MaskedConvOp>(network.node(network.logits).op);
  const std::vector<float> first = head.first_logits(count_values(head, images, coding, workers));
  std::ranges::copy(first, parameters.data() + network.parameters[to_index(logits.bias)].offset);
  const Parameter& kernel = network.parameters[to_index(logits.weight)];
  for (float& weight : parameters.subspan(kernel.offset, kernel.size)) weight *= kKernelFactor;
}

}  // namespace pcnn

#include "engine/train/input_noise.h"

#include "engine/core/index.h"
#include "engine/core/random.h"

namespace pcnn {
namespace {

constexpr std::uint32_t kWords = 4;        // of a block of numbers
constexpr std::uint32_t kNoNode = ~0u;     // dropout counts its numbers by a node of the network
constexpr double kNumbers = 4294967296.0;  // a word has

}  // namespace

void add_input_noise(double rate, const OutputHead& head, const DropoutKey& key, std::uint32_t image,
                     int channels, std::span<float> values) {
  const auto levels = static_cast<std::uint64_t>(head.levels());
  const auto area = static_cast<std::uint32_t>(values.size() / to_index(channels));
  // Blocks: 0 of whether, one for each four pixels; from 1 on of what, one for each four channels of a pixel.
  const auto numbers = [&](std::uint32_t place, std::uint32_t block) {
    return philox4x32({place, block, kNoNode, key.first_image + image}, key.key);
  };
  PhiloxBlock whether{};
  for (std::uint32_t pixel = 0; pixel < area; ++pixel) {
    if (pixel % kWords == 0) whether = numbers(pixel / kWords, 0);
    if (whether[pixel % kWords] >= rate * kNumbers) continue;
    PhiloxBlock what{};
    for (std::size_t channel = 0; channel < to_index(channels); ++channel) {
      const std::size_t word = channel % kWords;
      if (word == 0) what = numbers(pixel, static_cast<std::uint32_t>(1 + channel / kWords));
      const std::uint64_t level = what[word] * levels >> 32;
      values[channel * area + pixel] = head.value(static_cast<int>(level));
    }
  }
}

}  // namespace pcnn

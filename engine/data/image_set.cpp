#include "engine/data/image_set.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/io/checksum.h"

namespace pcnn {

bool is_image_shape(std::uint64_t count, std::uint64_t channels, std::uint64_t height, std::uint64_t width) {
  constexpr std::uint64_t kMostSide = 1 << 14, kMostValues = (std::uint64_t{1} << 31) - 1;
  return count >= 1 && channels >= 1 && channels <= 4 && height >= 1 && height <= kMostSide && width >= 1 &&
         width <= kMostSide && count <= kMostValues / (channels * height * width);
}

std::vector<std::uint32_t> ids_in_order(int count) {
  std::vector<std::uint32_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}

ImageSet select(const ImageSet& images, std::span<const int> positions) {
  ImageSet chosen{.name = images.name,
                  .count = static_cast<int>(positions.size()),
                  .channels = images.channels,
                  .height = images.height,
                  .width = images.width,
                  .values = images.values,
                  .pixels = {},
                  .ids = {},
                  .label_names = images.label_names,
                  .condition_shape = images.condition_shape};
  const std::size_t numbers = images.conditions.size() / static_cast<std::size_t>(std::max(1, images.count));
  chosen.pixels.reserve(positions.size() * images.image_size());
  chosen.ids.reserve(positions.size());
  for (const int position : positions) {
    const std::span<const std::uint16_t> image = images.image(position);
    chosen.pixels.insert(chosen.pixels.end(), image.begin(), image.end());
    const auto at = static_cast<std::size_t>(position);
    chosen.ids.push_back(images.ids[at]);
    if (!images.files.empty()) chosen.files.push_back(images.files[at]);
    if (!images.labels.empty()) chosen.labels.push_back(images.labels[at]);
    const auto condition = std::span(images.conditions).subspan(at * numbers, numbers);
    chosen.conditions.insert(chosen.conditions.end(), condition.begin(), condition.end());
  }
  return chosen;
}

std::string fingerprint(const ImageSet& images, Beside beside) {
  Crc32 sum;
  const std::array<std::int32_t, 5> shape{images.count, images.channels, images.height, images.width,
                                          images.values};
  sum.add(std::as_bytes(std::span(shape)));
  sum.add(std::as_bytes(std::span(images.pixels)));
  sum.add(std::as_bytes(std::span(images.ids)));
  if (beside == Beside::kLabels) sum.add(std::as_bytes(std::span(images.labels)));
  if (beside == Beside::kCondition) {
    sum.add(std::as_bytes(std::span(images.condition_shape)));
    sum.add(std::as_bytes(std::span(images.conditions)));
  }
  return sum.text();
}

}  // namespace pcnn

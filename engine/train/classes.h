#pragma once

// The classes of images on their way to a network that has a condition, and none to one that has not.

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

#include "engine/data/image_set.h"
#include "engine/model/network.h"

namespace pcnn {

// Of every image of the set.
[[nodiscard]] inline std::span<const int> classes_of(const Network& network, const ImageSet& images) {
  return network.classes > 0 ? std::span<const int>(images.labels) : std::span<const int>();
}

// Throws std::invalid_argument where there is not one for each image.
inline void check_class_count(const Network& network, std::size_t images, std::span<const int> classes) {
  if (classes.size() != (network.classes > 0 ? images : 0))
    throw std::invalid_argument(std::to_string(classes.size()) + " classes for " + std::to_string(images) +
                                " images of a network of " + std::to_string(network.classes));
}

// Of a shard, whose first image is `first` of the batch; those that fill up the last shard are of class 0.
inline void take_classes(std::span<const int> batch, std::size_t first, std::span<int> shard) {
  for (std::size_t i = 0; i < shard.size(); ++i) shard[i] = first + i < batch.size() ? batch[first + i] : 0;
}

}  // namespace pcnn

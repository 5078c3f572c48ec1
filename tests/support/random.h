#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/random.h"

namespace pcnn::testing {

// A sequence of random numbers, the same on every machine for the same seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : stream_(seed, Stream::kSample) {}

  float uniform(float low, float high) { return low + (high - low) * stream_.uniform(count_++); }
  float normal() { return stream_.normal(count_++); }
  // Both ends included.
  int between(int first, int last) {
    return first + static_cast<int>(stream_.below(static_cast<std::uint32_t>(last - first + 1), count_++));
  }

 private:
  RandomStream stream_;
  std::uint32_t count_ = 0;
};

// Standard normals.
inline std::vector<float> normals(Random& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = random.normal();
  return values;
}

}  // namespace pcnn::testing

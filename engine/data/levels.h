#pragma once

// Quantised values: `levels` evenly spaced numbers, -1 to 1, as fed to the network.

#include <cmath>

namespace pcnn {

inline constexpr int kMaxLevels = 65536;  // what 16 bits hold
// Of a mixture of logistics: as far as its probabilities are known to add up to one in 32-bit floats.
inline constexpr int kMaxMixtureLevels = 1024;

// level in [0, levels), levels >= 2.
[[nodiscard]] constexpr float level_to_input(int level, int levels) {
  return 2.0f * static_cast<float>(level) / static_cast<float>(levels - 1) - 1.0f;
}

// The level nearest to a value as fed to the network.
[[nodiscard]] inline int input_to_level(float value, int levels) {
  return static_cast<int>(std::lround((value + 1.0f) * 0.5f * static_cast<float>(levels - 1)));
}

}  // namespace pcnn

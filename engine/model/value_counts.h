#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pcnn {

// How often values occur, in bins a quarter as wide as two levels are apart. Values are those of pixels as
// fed to the network, or their differences: from -2 to 2.
class ValueCounts {
 public:
  explicit ValueCounts(float level_distance);

  void add(float value) { counts_[bin(value)] += 1; }
  // Of the same levels.
  void add(const ValueCounts& other);

  [[nodiscard]] std::int64_t total() const;
  // Of values in the bin of this one, in which no other level lies.
  [[nodiscard]] std::int64_t count(float value) const { return counts_[bin(value)]; }
  // count() by total(), with half a pixel more of each level, so that none is ruled out, and few pixels of
  // many levels say little (Krichevsky and Trofimov, 1981).
  [[nodiscard]] double share_of_level(float value, int levels) const;
  // The smallest value, to the width of a bin, that a share of all are at most; 0 where nothing was counted.
  [[nodiscard]] float quantile(double share) const;

 private:
  [[nodiscard]] std::size_t bin(float value) const;

  float width_;
  std::vector<std::int64_t> counts_;
};

}  // namespace pcnn

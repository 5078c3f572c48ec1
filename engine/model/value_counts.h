#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pcnn {

// How often values occur, in bins: values of pixels as fed to the network, or their differences, from -2
// to 2.
class ValueCounts {
 public:
  // Levels are so far apart, and each has `bins` bins.
  explicit ValueCounts(float level_distance, int bins = 1);

  void add(float value) {
    counts_[bin(value)] += 1;
    total_ += 1;
  }
  // Of the same bins.
  void add(const ValueCounts& other);

  [[nodiscard]] std::size_t bin_count() const { return counts_.size(); }
  // The share of all in the bin of this value, with half a pixel more of each of the levels, so that none is
  // ruled out, and few pixels of many levels say little (Krichevsky and Trofimov, 1981).
  [[nodiscard]] double share_of_level(float value, int levels) const;
  // The smallest value, to the width of a bin, that a share in [0, 1] of all are at most; 0 where nothing was
  // counted.
  [[nodiscard]] float quantile(double share) const;

 private:
  [[nodiscard]] std::size_t bin(float value) const;

  float width_;
  long below_;  // bins below the lowest level
  std::vector<std::int64_t> counts_;
  std::int64_t total_ = 0;
};

}  // namespace pcnn

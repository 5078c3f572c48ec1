#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/network.h"
#include "engine/run/class_rows.h"
#include "engine/run/run_config.h"

namespace pcnn {

// The grid that a run draws after an epoch: a row for each class of a network that has a condition, unless
// sample.columns says how long rows are.
struct GridOfSamples {
  int samples = 0;             // that are drawn
  std::vector<ClassRow> rows;  // none where the network has no condition
  int columns = 0;             // 0: the nearest to a square
  bool is_by_class = false;    // rows are filled up

  // Places of the grid.
  [[nodiscard]] std::int64_t images() const {
    return is_by_class ? static_cast<std::int64_t>(rows.size()) * columns : samples;
  }
};

[[nodiscard]] inline GridOfSamples grid_of_samples(const SampleConfig& sample, const Network& network) {
  GridOfSamples grid{.samples = sample.count, .rows = {}, .columns = sample.columns};
  if (network.condition.classes == 0) return grid;
  grid.rows = share_out(sample.count, all_classes(network.condition.classes));
  grid.is_by_class = sample.columns == 0;
  if (grid.is_by_class) grid.columns = columns_of(grid.rows);
  return grid;
}

}  // namespace pcnn

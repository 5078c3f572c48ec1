#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/io/image_grid.h"
#include "engine/model/network.h"
#include "engine/run/class_rows.h"
#include "engine/run/run_config.h"

namespace pcnn {

// The grid that a run draws after an epoch: a row for each class; or, for a network that is told numbers, a
// row for those of each of the first images of the validation split. Unless sample.columns says how long rows
// are.
struct GridOfSamples {
  int samples = 0;             // that are drawn
  std::vector<ClassRow> rows;  // none where the network has no condition; of classes, or validation images
  int columns = 0;             // 0: the nearest to a square
  bool is_by_class = false;    // rows are filled up

  // Places of the grid.
  [[nodiscard]] std::int64_t images() const {
    return is_by_class ? static_cast<std::int64_t>(rows.size()) * columns : samples;
  }
};

// validation_images: at least 1.
[[nodiscard]] inline GridOfSamples grid_of_samples(const SampleConfig& sample, const Network& network,
                                                   int validation_images) {
  GridOfSamples grid{.samples = sample.count, .rows = {}, .columns = sample.columns};
  if (!network.condition.any()) return grid;
  int rows = network.condition.classes;
  if (rows == 0) {
    const int columns = std::max(1, sample.columns > 0 ? sample.columns : near_square_columns(sample.count));
    rows = std::min(validation_images, (sample.count + columns - 1) / columns);
  }
  grid.rows = share_out(sample.count, all_classes(rows));
  grid.is_by_class = sample.columns == 0;
  if (grid.is_by_class) grid.columns = columns_of(grid.rows);
  return grid;
}

}  // namespace pcnn

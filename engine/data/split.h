#pragma once

// Which images of the train files are trained on, validated on and, where there are no test files, tested on.

#include <string>
#include <vector>

#include "engine/data/data_config.h"
#include "engine/data/image_set.h"

namespace pcnn {

// Without a size in the config: a tenth of the images, at least 1 and at most 5,000.
[[nodiscard]] int images_by_default(int available);

// How many of the images a size means: itself from 1 on, else that fraction of them, rounded, at least 1.
[[nodiscard]] int images_of_size(double size, int available);

// Positions in the train files, each in their order; no position is in two of them.
struct SplitPositions {
  std::vector<int> train, validation, test;
  std::string validation_origin, test_origin;  // see ImageSet::origin
};

// takes_test: test images are taken out too; they are drawn from split_seed, and do not depend on how many
// are validated on. Fractions are of all images. Throws ConfigError where a size leaves no image for what
// comes after it, or fewer than train_images; a size that is the default is called so.
[[nodiscard]] SplitPositions split_train_files(const DataConfig& config, const ImageSet& all,
                                               bool takes_test);

// How many of the images there are to train on. Throws ConfigError.
[[nodiscard]] int train_count(const DataConfig& config, int available);

}  // namespace pcnn

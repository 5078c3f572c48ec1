#pragma once

// What is known of images beside their pixels, from .npy files: what data.condition: true reads, and what a
// network that is told numbers or maps of an image asks of it.

#include <string>
#include <vector>

#include "engine/data/image_set.h"

namespace pcnn {

struct ConditionRows {
  int count = 0;
  std::vector<int> shape;     // of a row: (numbers), or (maps, rows, columns)
  std::vector<float> values;  // [row][...]
};

// An array of floats or whole numbers, (n, numbers), (n, rows, columns) or (n, maps, rows, columns). Throws
// FileError, FormatError, or ConfigError for a value that is not finite.
[[nodiscard]] ConditionRows read_condition_rows(const std::string& path);

// Of a row, as the header has it. Throws as read_condition_rows() does.
[[nodiscard]] std::vector<int> read_condition_shape(const std::string& path);

// Reads the file into the images: a row for each of them; maps are of their height and width. Throws as
// read_condition_rows() does.
void read_condition(const std::string& path, ImageSet& images);

// Throws ConfigError where the rows of a file that was given on the command line are not of the shape that
// the model, called so, is told of an image.
void require_rows_of(const std::vector<int>& accepted, const std::vector<int>& found, const std::string& path,
                     const std::string& model);

// Throws ConfigError where no condition of the images is known, or one of another shape: what model.condition
// asks for.
void require_condition(const ImageSet& images, const std::vector<int>& shape);

// "16 numbers", "maps (1, 28, 28)".
[[nodiscard]] std::string describe_condition(const std::vector<int>& shape);

}  // namespace pcnn

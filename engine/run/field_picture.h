#pragma once

#include <cstdint>

#include "engine/io/image.h"
#include "engine/model/field_grid.h"

namespace pcnn {

// Width and height of the picture below.
[[nodiscard]] std::int64_t field_picture_side(int cells, int scale);

// The receptive field in colours that differ in brightness too: from dark to light the pixel (dark red), seen
// pixels (blue), the blind spot (orange), later pixels (light grey) and those beyond reach (white). A cell is
// scale x scale; from scale 3 on its last row and column are a line between it and the next, and the picture
// opens with such lines.
[[nodiscard]] Image8 field_picture(const FieldGrid& grid, int scale);

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "engine/data/data_config.h"
#include "engine/io/image.h"
#include "engine/model/output_head.h"

namespace pcnn {

// Images of which a part is known, for in-painting.
struct PartialImages {
  Shape shape;                      // n: how many
  std::vector<float> pixels;        // NCHW as fed to the network; anything where unknown
  std::vector<std::uint8_t> known;  // [n][row][column]: 1 where the pixel is to be kept
  std::string passed_over = {};     // of a folder of images, see ImageSet
};

// images: a PNG or a folder of them (read_pictures(); a pixel is 1 where value / 255 >= threshold for the
// Bernoulli head, and its level for others), or .npy of the head's levels, [row][column] or laid out as
// npy_layout_for() reads them by the run's `arrays`. mask: known where a PNG is 128 or above (white), or
// where a .npy is not 0; one mask for all images, or [n][row][column], or a folder of masks, each named as
// its image is. Throws FileError, FormatError, or ConfigError where the two do not fit each other or
// `channels`.
[[nodiscard]] PartialImages read_partial_images(const std::string& images, const std::string& mask,
                                                int channels, const OutputHead& head, double threshold,
                                                const ArrayConfig& arrays = {});

// Each partial image as often as it is completed.
struct Canvas {
  std::vector<float> pixels;        // [image][completion] CHW
  std::vector<std::uint8_t> known;  // [image][completion][row][column]
};
[[nodiscard]] Canvas repeated(const PartialImages& partial, int completions);

// The partial images as pictures, unknown pixels in the grid's grey.
[[nodiscard]] std::vector<Image8> partial_pictures(const PartialImages& partial, const OutputHead& head);

// Each partial image, then its completions, so many each.
[[nodiscard]] std::vector<Image8> beside(const std::vector<Image8>& inputs,
                                         const std::vector<Image8>& completions, int each);

}  // namespace pcnn

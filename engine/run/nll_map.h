#pragma once

#include <span>

#include "engine/core/shape.h"
#include "engine/io/image.h"
#include "engine/model/output_head.h"

namespace pcnn {

// Images beside their maps of nats per pixel, for a grid of four columns:
//
//     most likely    its map   least likely   its map
//     second most    its map   second least   its map
//     ...
//
// All maps are on one scale: black is 0 nats, white the most of any pixel shown.
struct NllMapPicture {
  Image8 picture;
  double white_nats = 0.0;
};

inline constexpr int kNllMapColumns = 4;

// Picture pixels per image pixel: small images are magnified up to four times.
[[nodiscard]] int nll_map_scale(const Shape& image);

// image: shape of one, 1 or 3 channels; images: values as fed to the network, any number of them in reading
// order; pixel_nats: [image][row][column].
[[nodiscard]] NllMapPicture draw_nll_map(std::span<const float> images, std::span<const float> pixel_nats,
                                         const Shape& image, const OutputHead& head);

}  // namespace pcnn

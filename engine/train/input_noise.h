#pragma once

// Noise in what a network reads while it is trained. A network that sees photographs alone says nothing of
// value about noise, and one odd pixel that it drew itself can end an image in it: it has large weights along
// directions in which photographs hardly differ, and noise does. With a few pixels of its input replaced by
// noise it learns to look past them; what it predicts is the image itself.

#include <cstdint>
#include <span>

#include "engine/compile/batch/program.h"
#include "engine/model/output_head.h"

namespace pcnn {

// One image, [channel][row][column] as fed to the network. With probability `rate` a pixel gets a level drawn
// evenly in each of its channels. What is drawn follows from the step's key, the image's number in its batch
// (key.first_image + image) and the pixel alone.
void add_input_noise(double rate, const OutputHead& head, const DropoutKey& key, std::uint32_t image,
                     int channels, std::span<float> values);

}  // namespace pcnn

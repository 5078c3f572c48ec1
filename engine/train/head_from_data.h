#pragma once

// Logits to begin with, counted from the training images: a head that starts at the distribution of all
// pixels need not learn it first.

#include <span>

#include "engine/core/parallel.h"
#include "engine/data/image_set.h"
#include "engine/data/pixel_coding.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"

namespace pcnn {

// Sets the biases of the logits' convolution to OutputHead::first_logits() of these images, and makes its
// kernel a tenth of what it is. Images are counted as training sees them in its first epoch, less the
// forecast where there is one. parameters: of the network, its first. Counts are whole numbers, so that the
// same images give the same bits on any number of threads.
void start_head_from_data(const Network& network, const OutputHead& head, const ImageSet& images,
                          const PixelCoding& coding, const Workers& workers, std::span<float> parameters);

}  // namespace pcnn

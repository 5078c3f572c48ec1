#pragma once

// The embedding of levels over a batch: table look-ups, and their gradient.

#include "engine/core/shape.h"
#include "engine/model/ops/embedding.h"

namespace pcnn {

// images: NCHW of this shape, as fed to the network. table and gradients: [level][map]; maps: NCHW, `maps` of
// them, in place of the channels.
void embed(const EmbeddingOp& op, const Shape& images, int maps, const float* pixels, const float* table,
           float* dst);
// Writes the table's gradient, summed over pixels and images in their order; zero for levels that do not
// occur.
void embed_backward(const EmbeddingOp& op, const Shape& images, int maps, const float* pixels,
                    const float* diff_dst, float* gradients);

}  // namespace pcnn

#pragma once

#include <string>
#include <vector>

#include "engine/model/given.h"
#include "engine/model/network.h"
#include "engine/model/network_builder.h"
#include "tests/support/random.h"
#include "tests/support/reference_network.h"

namespace pcnn::testing {

// 7x7 mask A to 128 maps, seven residual blocks of 64, one 1x1 layer of 64, one logit, on 28x28 pixels.
Network tutorial_network();

// Two kernels of 3x3 over a few tanh maps of one-channel images.
Network small_network(int height, int width);

// "residual", "gated", "gated_skips", "row_lstm", "diagonal_lstm" or "attention": one or two of them. Throws for another.
std::vector<BlockConfig> blocks_of_kind(const std::string& kind, int filters);

struct NetworkLimits {
  int kernel = 9;  // odd sides up to this
  int side = 12;   // of the image
  int channels = 20;
  int stages = 4;
  bool embeddings = true;              // some read levels: steps in the values, with gradients of zero
  bool forecasts = true;               // some have one beside what the logits read
  MaskType input_mask = MaskType::kA;  // kB makes a network that leaks
  Condition condition{};
  double dropout = 0.0;  // rate in blocks; 0: none
};

// Blocks of every kind in random order, images of several channels with a group for each or with one for
// all, and graphs no config can ask for: a convolution read by two ops, an
// activation after an addition, a skip across the whole network.
Network random_network(Random& random, Activation activation, const NetworkLimits& limits = {});

// A causal graph no config makes: every op reads any nodes before it, kernels of every height read the same
// node, and the logits are any node of as many maps as the image has channels, read again or not.
// dropout: a rate; some activations are read through one then.
Network random_graph(Random& random, Activation activation, const Condition& condition = {},
                     double dropout = 0.0);

// Scaled by the live taps, so that signals neither die nor saturate. Dead weights hold large numbers, which
// nothing may ever see.
std::vector<float> random_parameters(Random& random, const Network& network);

// Classes or a vector, whichever comes.
Condition random_condition(Random& random);

// What the network is to be told of so many images.
GivenBatch random_given(Random& random, const Network& network, int images);

// Standard normals, NCHW.
std::vector<float> random_images(Random& random, const Network& network, int images);

std::vector<double> widened(std::span<const float> values);

// One line: image shape, then every convolution.
std::string describe(const Network& network);

// The order in which dimensions are drawn: places are counted in raster order, the channel groups of a pixel
// one after the other. reads[p] says for every place k whether the logits at p can depend on the image there:
// paths through the graph inside the image, by may_read.
std::vector<std::vector<bool>> places_read(const Network& network);

// Indices of a place's values in one image of `channels` maps, CHW.
std::vector<std::size_t> values_at(const Network& network, int channels, std::size_t place);

// How close any input of an activation with a kink comes to it. Two computations that round differently agree
// on gradients only where they are on the same side.
double distance_to_kink(const Network& network, const ReferenceForward& forward);

}  // namespace pcnn::testing

#pragma once

// What a network is: a small directed acyclic graph of ops over feature maps, with no trace of how it is
// computed. Training, scoring and sampling all compile from this description.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/core/index.h"
#include "engine/core/shape.h"
#include "engine/model/condition.h"
#include "engine/model/mask.h"
#include "engine/model/ops/op.h"

namespace pcnn {

// One op and the feature map it makes: `channels` maps of the image's height and width. A node's inputs come
// before it in Network::nodes.
struct Node {
  std::string name;
  Op op;
  int channels = 1;
};

// A named view into the flat buffer of f32 masters. Dead weights are zero there, always.
struct Parameter {
  std::string name;        // "blocks.0.reduce.weight"
  std::vector<int> shape;  // OIHW for weights, O for biases, [class][map] and [number][map] for conditions
  std::size_t offset = 0;  // into the flat buffer, floats
  std::size_t size = 0;    // floats
  int fan_in = 0;          // of the unmasked kernel; 0 for all else
  int fan_out = 0;
  float deviation = 0.0f;    // of the first values, unless they follow from the fans: 0 but for embeddings
  bool is_kernel = false;    // with a mask: of a convolution, or of states; all else is live throughout
  bool is_forecast = false;  // whose first values are its own: see NetworkBuilder::forecast()
  Mask mask;
};

struct Network {
  int image_channels = 1;
  int image_height = 1;
  int image_width = 1;
  int groups = 1;           // of the channels of every node: see mask.h; 1, or one for each image channel
  Condition condition{};    // which its ConditionOps read
  std::vector<Node> nodes;  // in order of computation
  std::vector<Parameter> parameters;  // in order of their offsets
  int logits = 0;                     // the node that holds the head's logits

  [[nodiscard]] const Node& node(int index) const { return nodes[to_index(index)]; }
  [[nodiscard]] std::size_t parameter_count() const;
  [[nodiscard]] std::size_t live_parameter_count() const;
  // Shape of a node's feature maps for this many images, NCHW.
  [[nodiscard]] Shape shape(int node, int images) const;
};

// The node that holds the maps that are given of an image; -1: it has none.
[[nodiscard]] int given_maps_node(const Network& network);

// The network as it is when it is not trained: every node that read a DropoutOp reads what that one read.
// Nodes are numbered anew where there is one.
[[nodiscard]] Network without_dropout(Network network);

// Sets the dead weights of a flat parameter-sized buffer (weights or gradients) to exactly zero.
void zero_dead_weights(const Network& network, std::span<float> parameters);

}  // namespace pcnn

#pragma once

#include <string>
#include <vector>

#include "engine/model/model_config.h"
#include "engine/model/network.h"

namespace pcnn {

// Appends ops to a network; every method returns the index of the node it made.
// One thread; finish() gives the network away.
class NetworkBuilder {
 public:
  // Starts with the input node, index 0. The activation is the one activate() uses. groups: see mask.h; it
  // must divide the image's channels and the filters of every convolution. condition: what condition() adds.
  // dropout: the rate of dropout().
  NetworkBuilder(int image_channels, int image_height, int image_width, Activation activation, float slope,
                 int groups = 1, const Condition& condition = {}, double dropout = 0.0);

  // Makes parameters `name.weight` and `name.bias`. The mask is the one that lets maps of this sight read
  // src.
  int conv(const std::string& name, int src, Sight result, Kernel kernel, int filters,
           Dilation dilation = {});
  // With a mask that is the caller's affair.
  int masked_conv(const std::string& name, int src, MaskType mask, Kernel kernel, int filters,
                  Dilation dilation = {});
  // A value for each channel of the image from the pixels before, all their channels: mask A in one group,
  // with the parameters `name.weight` and `name.bias`. It begins as the mean of the pixel to the left and the
  // one above, of the same channel. Sides of the kernel: 3 or more.
  int forecast(const std::string& name, Kernel kernel);
  int activate(int src);
  int add(const std::string& name, int a, int b);
  // The maps of a and those of b, see ConcatenationOp.
  int concatenate(const std::string& name, int a, int b);
  // `maps` of every channel of the image, see EmbeddingOp; makes the parameter `name.weight`. lowest,
  // highest: the values of the first and the last level.
  int embed(const std::string& name, int maps, int levels, float lowest, float highest);
  // Two maps for each channel group, see PositionsOp; one node, however often it is asked for.
  int positions();
  // As many maps as the value, see AttentionOp.
  int attention(const std::string& name, int query, int key, int value, int heads);
  // To half as many maps; those of a channel group must come in pairs.
  int gate(const std::string& name, int src);
  // To a quarter as many maps; makes the parameter `name.weight`, see LstmOp. state_count: along rows, how
  // many columns of the row above are read, odd. From the right edge: moved down a row.
  int lstm(const std::string& name, int src, LstmPath path, int state_count = 2);
  // Adds the vector of the image's class, or that of the numbers given of it, and makes the parameter
  // `name.weight`; or adds a convolution of the maps given of it, `name`, and makes `name.weight` and
  // `name.bias`. In a network that is told nothing it makes nothing and returns src.
  int condition(const std::string& name, int src);

  // Of src, named after it, in training; at a rate of 0 it makes nothing and returns src.
  int dropout(int src);

  [[nodiscard]] int channels(int node) const;
  [[nodiscard]] Sight sight(int node) const { return sights_[to_index(node)]; }
  [[nodiscard]] int groups() const { return network_.groups; }
  // The finished network, whose logits are this node.
  [[nodiscard]] Network finish(int logits) &&;

 private:
  int append(Node node);
  int append_parameter(Parameter parameter);
  int append_conv(const std::string& name, int src, Mask mask, Kernel kernel, int filters, Dilation dilation);

  Network network_;
  std::vector<Sight> sights_;  // by node
  Activation activation_;
  float slope_;
  double dropout_;
  int positions_ = -1;  // their node; -1: nobody asked yet
};

// The whole network of a config for images of this shape: masked input convolution, blocks, 1x1 layers,
// logits, and behind these the forecast where the head has one. Throws ConfigError where filters cannot be
// shared out to the channel groups of the head.
[[nodiscard]] Network build_network(const ModelConfig& config, int image_channels, int image_height,
                                    int image_width);

}  // namespace pcnn

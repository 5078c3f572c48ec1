#pragma once

#include <string>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

// The line of a node whose parameters are one table, all of them live.
[[nodiscard]] LayerSummary summarise_table(const Network& network, int node, int parameter);

// Of the nodes that have a line in the table: convolutions, each with the activation after it, and additions.
[[nodiscard]] std::vector<LayerSummary> summarise_layers(const Network& network);

// The layers as a table with a line of totals, then parameters and receptive field in words; ends with a
// newline.
[[nodiscard]] std::string network_table(const Network& network);

// Every node as a line, "blocks.0 = input.activation + blocks.0.expand.activation", in order of computation;
// each ends with a newline.
[[nodiscard]] std::string network_formulas(const Network& network);

}  // namespace pcnn

#pragma once

#include <string>

#include "engine/model/network.h"
#include "engine/model/output_head.h"

namespace pcnn {

// The network as JSON, for programs in other languages: its nodes in order of computation with all that their
// arithmetic needs, its parameters with the live taps of their masks, and its head. docs/interchange.md says
// what each member means. No parameter's values, and nothing of how it is computed. Names of nodes must
// differ.
//
//     {"format": "pcnn graph 1", "image": {...}, "groups": 1, "condition": null, "head": {...},
//      "nodes": [{"name": "input", "kind": "masked_conv", "inputs": ["image"], ...}, ...],
//      "parameters": [{"name": "input.weight", "shape": [...], "mask": {...}}, ...], "logits": "logits"}
[[nodiscard]] std::string network_graph(const Network& network, const HeadConfig& head);

}  // namespace pcnn

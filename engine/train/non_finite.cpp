#include "engine/train/non_finite.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pcnn {
namespace {

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

// The parameters that an op of the network up to `node` reads, and no others, keep their places.
Network up_to(const Network& network, int node) {
  Network part = network;
  part.nodes.resize(static_cast<std::size_t>(node) + 1);
  part.logits = node;
  return part;
}

bool is_finite_at(const Network& network, int node, std::span<const float> parameters, std::size_t images,
                  const FillImage& fill, const Given& given) {
  const Network part = up_to(network, node);
  const Program program(part, 1, Purpose::kInference);
  PackedWeights packed = program.new_packed_weights();
  program.pack(parameters, packed);
  Workspace workspace(program, packed);
  std::vector<float> image(part.shape(0, 1).size()), values(part.shape(node, 1).size());
  for (std::size_t i = 0; i < images; ++i) {
    fill(static_cast<int>(i), image);
    program.forward(workspace, image, values, given.part(images, i, 1));
    if (!all_finite(values)) return false;
  }
  return true;
}

}  // namespace

std::string non_finite_parameter(const Network& network, std::span<const float> parameters) {
  for (const Parameter& parameter : network.parameters)
    if (!all_finite(parameters.subspan(parameter.offset, parameter.size)))
      return "parameter '" + parameter.name + "'";
  return "";
}

std::string non_finite_value(const Network& network, std::span<const float> parameters, std::size_t images,
                             const FillImage& fill, const Given& given) {
  std::string origin = non_finite_parameter(network, parameters);
  for (int node = 1; node < static_cast<int>(network.nodes.size()) && origin.empty(); ++node)
    if (!is_finite_at(network, node, parameters, images, fill, given))
      origin = "op '" + network.nodes[static_cast<std::size_t>(node)].name + "'";
  return origin;
}

std::string non_finite_gradient(const Network& network, std::span<const float> gradients) {
  for (std::size_t i = network.parameters.size(); i-- > 0;) {
    const Parameter& parameter = network.parameters[i];
    if (!all_finite(gradients.subspan(parameter.offset, parameter.size)))
      return "the gradient of '" + parameter.name + "'";
  }
  return "";
}

}  // namespace pcnn

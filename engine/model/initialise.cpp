#include "engine/model/initialise.h"

#include <algorithm>
#include <cmath>

#include "engine/core/random.h"

namespace pcnn {
namespace {

// Standard deviation of a standard normal cut at +-2.
constexpr double kTruncatedDeviation = 0.87962566103423978;

// Rejection, each attempt with its own counter; 4.6 % of attempts fail.
float truncated_normal(const RandomStream& stream, std::uint32_t parameter, std::uint32_t element) {
  for (std::uint32_t attempt = 0;; ++attempt)
    if (const float z = stream.normal(parameter, element, attempt); std::abs(z) <= 2.0f) return z;
}

// What keeps the variance of a signal that is cut, bent or flattened by the activation, roughly.
double gain(const ActivationOp& activation) {
  switch (activation.function) {
    case Activation::kRelu:
    case Activation::kLeakyRelu:
      return std::sqrt(2.0 / (1.0 + double{activation.slope} * double{activation.slope}));
    case Activation::kElu:
    case Activation::kTanh:
      return 1.3;
    case Activation::kSigmoid:
      return 4.0;
  }
  return 1.0;
}

// By node: of a convolution that an activation reads, or that is added to others, which must not pile up.
std::vector<double> gains(const Network& network) {
  const auto at = [](int node) { return static_cast<std::size_t>(node); };
  std::vector<double> gains(network.nodes.size(), 1.0);
  const auto additions = static_cast<double>(std::ranges::count_if(
      network.nodes, [](const Node& node) { return std::holds_alternative<AddOp>(node.op); }));
  for (const Node& node : network.nodes)
    if (const auto* activation = std::get_if<ActivationOp>(&node.op)) {
      gains[at(activation->src)] *= gain(*activation);
    } else if (const auto* add = std::get_if<AddOp>(&node.op)) {
      for (int operand : {add->a, add->b}) {
        if (const auto* late = std::get_if<ActivationOp>(&network.nodes[at(operand)].op)) operand = late->src;
        gains[at(operand)] /= std::sqrt(additions);
      }
    }
  return gains;
}

}  // namespace

std::vector<float> initial_parameters(const Network& network, Initialisation initialisation,
                                      std::uint64_t seed) {
  const RandomStream stream(seed, Stream::kInitialisation);
  const bool glorot =
      initialisation == Initialisation::kGlorotNormal || initialisation == Initialisation::kGlorotUniform;
  const bool normal =
      initialisation == Initialisation::kGlorotNormal || initialisation == Initialisation::kHeNormal;

  std::vector<float> values(network.parameter_count(), 0.0f);
  for (std::uint32_t index = 0; index < network.parameters.size(); ++index) {
    const Parameter& parameter = network.parameters[index];
    if (!parameter.is_kernel) continue;
    const double variance = glorot ? 2.0 / (parameter.fan_in + parameter.fan_out) : 2.0 / parameter.fan_in;
    const double scale = normal ? std::sqrt(variance) / kTruncatedDeviation : std::sqrt(3.0 * variance);
    for (std::uint32_t element = 0; element < parameter.size; ++element) {
      const float draw =
          normal ? truncated_normal(stream, index, element) : 2.0f * stream.uniform(index, element) - 1.0f;
      values[parameter.offset + element] = static_cast<float>(scale) * draw;
    }
  }
  zero_dead_weights(network, values);
  return values;
}

std::vector<float> random_parameters(const Network& network, std::uint64_t seed) {
  const RandomStream stream(seed, Stream::kLively);
  const std::vector<double> gain_of = gains(network);
  std::vector<float> values(network.parameter_count(), 0.0f);
  const auto draw = [&](int index, double scale) {
    const Parameter& parameter = network.parameters[static_cast<std::size_t>(index)];
    for (std::uint32_t element = 0; element < parameter.size; ++element)
      values[parameter.offset + element] =
          static_cast<float>(scale) * stream.normal(static_cast<std::uint32_t>(index), element);
  };
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    if (const auto* conv = std::get_if<MaskedConvOp>(&network.nodes[node].op)) {
      const int filters = network.nodes[node].channels;
      const auto live = static_cast<double>(
          live_weights(conv->mask, filters, conv->in_channels, conv->kernel_height, conv->kernel_width));
      draw(conv->weight, gain_of[node] * std::sqrt(filters / std::max(live, 1.0)));
      draw(conv->bias, 0.3 * gain_of[node]);
    }
  zero_dead_weights(network, values);
  return values;
}

}  // namespace pcnn

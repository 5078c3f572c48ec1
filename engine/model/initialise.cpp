#include "engine/model/initialise.h"

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"
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

// The node whose weights set the size of this one: itself, or one before it where it has none.
int scaled_node(const Network& network, int node) {
  const std::vector<int> read = inputs(network.node(node).op);
  const auto own = parameters(network.node(node).op, network.node(node).channels);
  const bool has_weights = std::ranges::any_of(own, [&](const ParameterScale& scale) {
    return network.parameters[to_index(scale.parameter)].is_kernel;
  });
  return has_weights || read.size() != 1 ? node : scaled_node(network, read[0]);
}

// By node: of a convolution that an activation reads, or that is added to others, which must not pile up.
std::vector<double> gains(const Network& network) {
  std::vector<double> gains(network.nodes.size(), 1.0);
  int additions = 0;
  for (const Node& node : network.nodes) additions += summands(node.op) - 1;
  for (const Node& node : network.nodes) {
    if (summands(node.op) == 1) {
      for (const int input : inputs(node.op))
        gains[to_index(scaled_node(network, input))] *= input_gain(node.op);
      continue;
    }
    for (const int operand : inputs(node.op))
      gains[to_index(scaled_node(network, operand))] /= std::sqrt(additions);
  }
  return gains;
}

// What the pixel to the left and the one above have in common, of each channel by itself.
void set_first_forecast(const Parameter& parameter, std::span<float> values) {
  std::ranges::fill(values, 0.0f);
  if (!parameter.is_kernel) return;
  const Shape kernel{parameter.shape[0], parameter.shape[1], parameter.shape[2], parameter.shape[3]};
  for (int channel = 0; channel < kernel.n; ++channel) {
    values[kernel.offset(channel, channel, kernel.h / 2, kernel.w / 2 - 1)] = 0.5f;
    values[kernel.offset(channel, channel, kernel.h / 2 - 1, kernel.w / 2)] = 0.5f;
  }
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
    if (parameter.is_forecast) {
      set_first_forecast(parameter, std::span(values).subspan(parameter.offset, parameter.size));
      continue;
    }
    if (!parameter.is_kernel) {
      if (parameter.deviation > 0.0f)
        for (std::uint32_t element = 0; element < parameter.size; ++element)
          values[parameter.offset + element] = parameter.deviation * stream.normal(index, element, 0);
      continue;
    }
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
  const RandomStream stream(seed, Stream::kProbeParameters);
  const std::vector<double> gain_of = gains(network);
  std::vector<float> values(network.parameter_count(), 0.0f);
  const auto draw = [&](int index, double scale) {
    const Parameter& parameter = network.parameters[to_index(index)];
    for (std::uint32_t element = 0; element < parameter.size; ++element)
      values[parameter.offset + element] =
          static_cast<float>(scale) * stream.normal(static_cast<std::uint32_t>(index), element);
  };
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    for (const ParameterScale& scale : parameters(network.nodes[node].op, network.nodes[node].channels))
      draw(scale.parameter, gain_of[node] * scale.deviation);
  zero_dead_weights(network, values);
  return values;
}

}  // namespace pcnn

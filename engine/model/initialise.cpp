#include "engine/model/initialise.h"

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

}  // namespace pcnn

#pragma once

#include <memory>
#include <vector>

#include "engine/sample/incremental_sampler.h"
#include "tests/support/networks.h"

namespace pcnn {

inline const std::unique_ptr<const OutputHead> kHead = make_output_head({});

// A random network over one-channel or more-channel images, with parameters that make pixels depend on each
// other.
struct Model {
  Model(testing::Random& random, int height, int width, Activation activation = Activation::kTanh,
        const Condition& condition = {})
      : network(testing::random_network(random, activation, {.condition = condition})),
        parameters(testing::random_parameters(random, network)) {
    network.image_height = height;
    network.image_width = width;
  }
  Network network;
  std::vector<float> parameters;
};

inline Samples sample(const Model& model, const SampleRequest& request, int threads = 2,
                      int chain_batch = 0) {
  return sample_incrementally(model.network, *kHead, model.parameters, request, Workers(threads),
                              chain_batch);
}

}  // namespace pcnn

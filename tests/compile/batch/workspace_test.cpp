// What the contract of forward() and backward() says about buffers, bits and threads.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "tests/support/compiled.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

struct Batch {
  std::vector<float> pixels, diff_logits;
};

Batch random_batch(testing::Random& random, const Network& network, int images) {
  return {testing::random_images(random, network, images), testing::random_images(random, network, images)};
}

TEST(Workspace, GivesTheSameBitsEveryTime) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    testing::Random random(seed);
    const Network network = testing::random_network(random, Activation::kTanh);
    SCOPED_TRACE(testing::describe(network));
    const std::vector<float> parameters = testing::random_parameters(random, network);
    const Batch batch = random_batch(random, network, 2), other = random_batch(random, network, 2);
    testing::Compiled compiled(network, 2, parameters);
    const std::vector<float> logits = compiled.forward(batch.pixels);
    const std::vector<float> gradients = compiled.backward(batch.diff_logits);
    EXPECT_NE(compiled.forward(other.pixels), logits);
    (void)compiled.backward(other.diff_logits);
    EXPECT_EQ(compiled.forward(batch.pixels), logits);
    EXPECT_EQ(compiled.backward(batch.diff_logits), gradients);
  }
}

TEST(Workspace, OverwritesADirtyGradientBufferAndLeavesTheRowsBelowTheCentreAlone) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    testing::Random random(50 + seed);
    const Network network = testing::random_network(random, Activation::kSigmoid);
    SCOPED_TRACE(testing::describe(network));
    const Batch batch = random_batch(random, network, 3);
    testing::Compiled compiled(network, 3, testing::random_parameters(random, network));
    (void)compiled.forward(batch.pixels);
    const std::vector<float> clean = compiled.backward(batch.diff_logits);

    for (const float dirt : {-7.5f, NAN}) {
      std::vector<float> dirty(network.parameter_count(), dirt);
      (void)compiled.forward(batch.pixels);
      compiled.program().backward(compiled.workspace(), batch.diff_logits, dirty);
      for (const Parameter& parameter : network.parameters) {
        if (!parameter.is_kernel) continue;
        const std::size_t height = static_cast<std::size_t>(parameter.shape[2]),
                          width = static_cast<std::size_t>(parameter.shape[3]);
        for (std::size_t i = 0; i < parameter.size; ++i) {
          if (i / width % height <= height / 2) continue;
          const float left = dirty[parameter.offset + i];
          ASSERT_TRUE(left == dirt || (std::isnan(left) && std::isnan(dirt))) << parameter.name << " " << i;
        }
      }
      zero_dead_weights(network, dirty);
      EXPECT_EQ(dirty, clean);
    }
  }
}

TEST(Workspace, ComputesEachImageAsIfItWereAlone) {
  testing::Random random(80);
  const Network network = testing::random_network(random, Activation::kRelu);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  const std::vector<float> pixels = testing::random_images(random, network, 3);
  testing::Compiled three(network, 3, parameters);
  const std::vector<float> logits = three.forward(pixels);
  std::vector<float> others = pixels;
  const std::size_t size = pixels.size() / 3;
  for (std::size_t i = 0; i < size; ++i) others[size + i] = random.normal();
  const std::vector<float> changed = three.forward(others);
  const auto of_image = [&](const std::vector<float>& values, std::size_t image) {
    return std::vector<float>(values.begin() + static_cast<std::ptrdiff_t>(image * size),
                              values.begin() + static_cast<std::ptrdiff_t>((image + 1) * size));
  };
  EXPECT_EQ(of_image(changed, 0), of_image(logits, 0));
  EXPECT_NE(of_image(changed, 1), of_image(logits, 1));
  EXPECT_EQ(of_image(changed, 2), of_image(logits, 2));
}

TEST(Workspace, OnEachOfTwoThreadsAtOnceGivesTheBitsOfOne) {
  testing::Random random(90);
  ModelConfig config;
  config.activation = Activation::kElu;
  config.slope = 1.0f;
  config.input_filters = 24;
  config.blocks = {{2, ResidualBlockConfig{{3, 3}, 12}}};
  const Network network = build_network(config, 1, 14, 14);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  testing::Compiled compiled(network, 2, parameters);
  const std::vector<Batch> batches{random_batch(random, network, 2), random_batch(random, network, 2)};
  std::vector<std::vector<float>> logits, gradients;
  for (const Batch& batch : batches) {
    logits.push_back(compiled.forward(batch.pixels));
    gradients.push_back(compiled.backward(batch.diff_logits));
  }

  std::vector<int> wrong(2, 0);
  const auto work = [&](std::size_t thread) {
    Workspace workspace(compiled.program(), compiled.packed());
    std::vector<float> own_logits(logits[0].size()), own_gradients(parameters.size());
    for (std::size_t round = 0; round < 40; ++round) {
      const std::size_t batch = (thread + round) % 2;
      compiled.program().forward(workspace, batches[batch].pixels, own_logits);
      compiled.program().backward(workspace, batches[batch].diff_logits, own_gradients);
      zero_dead_weights(network, own_gradients);
      wrong[thread] += own_logits != logits[batch] || own_gradients != gradients[batch];
    }
  };
  std::thread first(work, 0), second(work, 1);
  first.join();
  second.join();
  EXPECT_EQ(wrong, (std::vector<int>{0, 0}));
}

}  // namespace
}  // namespace pcnn

// Every output head on images of one and of three channels, from the network to the sample: probabilities of
// all images sum to one, both samplers draw the same, and their draws come as often as the probabilities say.

#include <gtest/gtest.h>

#include "engine/sample/incremental_sampler.h"
#include "engine/sample/naive_sampler.h"
#include "tests/support/chi_square.h"
#include "tests/support/networks.h"
#include "tests/support/states.h"

namespace pcnn {
namespace {

struct HeadAndImage {
  HeadConfig head;
  int channels;
  int height;
  int width;
  const char* blocks = "residual";
  int embedding = 0;

  friend std::ostream& operator<<(std::ostream& out, const HeadAndImage& chosen) {
    constexpr const char* kNames[] = {"bernoulli", "softmax", "logistic_mixture"};
    return out << kNames[static_cast<int>(chosen.head.kind)] << " of " << chosen.head.levels << " levels, "
               << chosen.channels << "x" << chosen.height << "x" << chosen.width
               << (chosen.head.forecast ? ", with a forecast" : "") << ", " << chosen.blocks
               << (chosen.embedding > 0 ? ", embedded" : "");
  }
};

class EveryHead : public ::testing::TestWithParam<HeadAndImage> {
 protected:
  EveryHead() : head(make_output_head(GetParam().head, GetParam().channels)) {
    ModelConfig config;
    config.activation = Activation::kTanh;
    config.input_kernel = {3, 3};
    config.input_filters = 12;  // one to four channels can share it
    config.blocks = testing::blocks_of_kind(GetParam().blocks, 12);
    config.output_filters = {12};
    config.input_embedding = GetParam().embedding;
    config.head = GetParam().head;
    config.forecast_kernel = {3, 5};
    network = build_network(config, GetParam().channels, GetParam().height, GetParam().width);
    testing::Random random(7);
    parameters = testing::random_parameters(random, network);
    zero_dead_weights(network, parameters);
  }

  std::unique_ptr<const OutputHead> head;
  Network network;
  std::vector<float> parameters;
  const Workers workers{2};
};

INSTANTIATE_TEST_SUITE_P(
    Sampling, EveryHead,
    ::testing::Values(HeadAndImage{{HeadKind::kBernoulli}, 1, 3, 3},
                      HeadAndImage{{HeadKind::kBernoulli}, 3, 1, 3},
                      HeadAndImage{{HeadKind::kSoftmax, 3}, 1, 2, 3},
                      HeadAndImage{{HeadKind::kSoftmax, 3}, 3, 1, 2},
                      HeadAndImage{{HeadKind::kSoftmax, 2}, 4, 2, 1},
                      HeadAndImage{{HeadKind::kLogisticMixture, 4, 3}, 1, 2, 2},
                      HeadAndImage{{HeadKind::kLogisticMixture, 3, 2}, 3, 2, 1},
                      HeadAndImage{{HeadKind::kLogisticMixture, 4, 3, true}, 1, 2, 3},
                      HeadAndImage{{HeadKind::kLogisticMixture, 3, 2, true}, 3, 2, 1},
                      HeadAndImage{{HeadKind::kLogisticMixture, 3, 2, true}, 2, 2, 1, "gated_skips", 3},
                      HeadAndImage{{HeadKind::kBernoulli}, 1, 3, 3, "gated_skips"},
                      HeadAndImage{{HeadKind::kBernoulli}, 1, 3, 3, "row_lstm"},
                      HeadAndImage{{HeadKind::kBernoulli}, 1, 3, 3, "attention"},
                      HeadAndImage{{HeadKind::kSoftmax, 3}, 3, 2, 1, "attention"},
                      HeadAndImage{{HeadKind::kBernoulli}, 1, 3, 3, "diagonal_lstm"},
                      HeadAndImage{{HeadKind::kSoftmax, 3}, 3, 2, 1, "row_lstm"},
                      HeadAndImage{{HeadKind::kSoftmax, 2}, 2, 2, 2, "diagonal_lstm"},
                      HeadAndImage{{HeadKind::kSoftmax, 3}, 3, 2, 1, "gated_skips"},
                      HeadAndImage{{HeadKind::kSoftmax, 4}, 1, 2, 2, "residual", 5},
                      HeadAndImage{{HeadKind::kSoftmax, 3}, 2, 2, 1, "residual", 3}));

TEST_P(EveryHead, DrawsImagesAsOftenAsTheirProbabilitiesSay) {
  const std::vector<double> probabilities = testing::state_probabilities(network, *head, parameters);
  const Samples incremental = sample_incrementally(network, *head, parameters, {.chains = 50000}, workers);
  testing::expect_counts_follow(testing::count_states(network, *head, incremental.images), probabilities);
  const Samples naive = sample_naively(network, *head, parameters, {.chains = 5000, .seed = 3}, workers);
  testing::expect_counts_follow(testing::count_states(network, *head, naive.images), probabilities);
}

TEST_P(EveryHead, DrawsTheSameWithBothSamplers) {
  const SampleRequest request{.chains = 300, .seed = 5, .with_probabilities = true};
  const Samples incremental = sample_incrementally(network, *head, parameters, request, workers);
  const Samples naive = sample_naively(network, *head, parameters, request, workers);
  const std::size_t dims = network.shape(0, 1).size();
  int parted = 0;  // a number fell between two sums that rounding set apart
  for (std::size_t chain = 0; chain < 300; ++chain) {
    const auto image = [&](const Samples& samples) {
      return std::vector(samples.images.begin() + static_cast<std::ptrdiff_t>(chain * dims),
                         samples.images.begin() + static_cast<std::ptrdiff_t>((chain + 1) * dims));
    };
    parted += image(incremental) != image(naive);
  }
  EXPECT_LE(parted, 1);
}

// By plain loops: each dimension in turn is the first of its most probable levels, given those before it.
TEST_P(EveryHead, DrawsTheMostProbableLevelsAtTemperatureZero) {
  const Samples drawn =
      sample_incrementally(network, *head, parameters, {.chains = 3, .seed = 5, .temperature = 0.0}, workers);
  const Shape shape = network.shape(0, 1);
  const std::vector<float> image(drawn.images.begin(),
                                 drawn.images.begin() + static_cast<std::ptrdiff_t>(shape.size()));
  for (std::size_t i = 0; i < drawn.images.size(); ++i) EXPECT_EQ(drawn.images[i], image[i % shape.size()]);

  const auto count = static_cast<std::size_t>(head->probability_count());
  const std::vector<std::uint8_t> all(static_cast<std::size_t>(shape.h * shape.w), 1);
  const Samples given =
      sample_naively(network, *head, parameters,
                     {.chains = 1, .canvas = image, .known = all, .with_probabilities = true}, workers);
  for (std::size_t i = 0; i < image.size(); ++i) {
    const float* const probabilities = given.probabilities.data() + i * count;
    int mode = 0;
    if (count == 1)
      mode = probabilities[0] > 0.5f;
    else
      for (std::size_t level = 1; level < count; ++level)
        if (probabilities[level] > probabilities[mode]) mode = static_cast<int>(level);
    EXPECT_EQ(image[i], head->value(mode)) << "dimension " << i;
  }
}

TEST_P(EveryHead, AtTemperatureZeroIsTheSameForEverySeedAndSamplerAndHasAllProbabilityOnTheMode) {
  const SampleRequest request{.chains = 2, .seed = 5, .temperature = 0.0, .with_probabilities = true};
  SampleRequest other = request;
  other.seed = 99;
  const Samples incremental = sample_incrementally(network, *head, parameters, request, workers);
  EXPECT_EQ(sample_incrementally(network, *head, parameters, other, workers).images, incremental.images);
  const Samples naive = sample_naively(network, *head, parameters, request, workers);
  EXPECT_EQ(naive.images, incremental.images);
  EXPECT_EQ(naive.probabilities, incremental.probabilities);
  const auto count = static_cast<std::size_t>(head->probability_count());
  for (std::size_t i = 0; i < incremental.probabilities.size(); ++i) {
    const auto level = static_cast<std::size_t>(head->level(incremental.images[i / count]));
    const bool is_drawn = count == 1 ? level == 1 : level == i % count;
    EXPECT_EQ(incremental.probabilities[i], is_drawn ? 1.0f : 0.0f);
  }
  other.temperature = 1e-42;  // cannot be divided by
  EXPECT_EQ(sample_incrementally(network, *head, parameters, other, workers).images, incremental.images);
}

// Logits that are all alike, as an untrained last layer gives them.
TEST_P(EveryHead, TakesTheLowestOfEquallyProbableLevels) {
  const std::vector<float> nothing(parameters.size(), 0.0f);
  if (GetParam().head.kind == HeadKind::kLogisticMixture) return;  // its levels are not alike then
  for (const float value :
       sample_incrementally(network, *head, nothing, {.chains = 1, .temperature = 0.0}, workers).images)
    EXPECT_EQ(head->level(value), 0);
}

TEST_P(EveryHead, KeepsKnownPixels) {
  testing::Random random(11);
  std::vector<float> canvas(network.shape(0, 8).size());
  for (float& value : canvas) value = head->value(random.between(0, head->levels() - 1));
  const int area = network.image_height * network.image_width;
  std::vector<std::uint8_t> known(static_cast<std::size_t>(8 * area));
  for (std::uint8_t& one : known) one = static_cast<std::uint8_t>(random.between(0, 1));
  const SampleRequest request{.chains = 8, .seed = 5, .canvas = canvas, .known = known};
  const Samples samples = sample_incrementally(network, *head, parameters, request, workers);
  EXPECT_EQ(samples.images, sample_naively(network, *head, parameters, request, workers).images);
  const Shape shape = network.shape(0, 8);
  for (int chain = 0; chain < 8; ++chain)
    for (int pixel = 0; pixel < area; ++pixel)
      for (int channel = 0; channel < shape.c; ++channel) {
        const std::size_t at = shape.offset(chain, channel, pixel / shape.w, pixel % shape.w);
        if (known[static_cast<std::size_t>(chain * area + pixel)]) {
          EXPECT_EQ(samples.images[at], canvas[at]);
        }
      }
}

}  // namespace
}  // namespace pcnn

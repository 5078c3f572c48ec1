#include "engine/train/head_from_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "engine/core/index.h"
#include "engine/data/binarise.h"
#include "engine/data/levels.h"
#include "engine/data/quantise.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/model/value_counts.h"
#include "engine/train/scorer.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

// Pixels that know nothing of each other: levels of a channel fall off from a peak of its own, and one never
// occurs.
ImageSet independent_pixels(int count, int channels, int levels) {
  testing::Random random(3);
  ImageSet images{.name = "independent", .count = count, .channels = channels, .height = 7, .width = 5};
  images.values = levels;
  for (int image = 0; image < count; ++image) {
    images.ids.push_back(static_cast<std::uint32_t>(image));
    for (int channel = 0; channel < channels; ++channel)
      for (int pixel = 0; pixel < 35; ++pixel) {
        const float spread = static_cast<float>(levels) / 8.0f;
        int level = static_cast<int>(
            std::lround(random.normal() * spread + static_cast<float>(levels * (channel + 1)) / 4.0f));
        level = std::clamp(level, 0, levels - 1);
        images.pixels.push_back(static_cast<std::uint16_t>(level == 1 && levels > 2 ? 2 : level));
      }
  }
  return images;
}

// Nats per dimension of these pixels under the best distribution that is the same at every pixel.
double entropy(const ImageSet& images) {
  const std::size_t area = images.image_size() / to_index(images.channels);
  std::vector<std::vector<double>> counts(to_index(images.channels),
                                          std::vector<double>(to_index(images.values)));
  for (std::size_t i = 0; i < images.pixels.size(); ++i)
    counts[i / area % to_index(images.channels)][images.pixels[i]] += 1.0;
  double nats = 0.0;
  for (const auto& channel : counts)
    for (const double n : channel)
      if (n > 0.0) nats -= n * std::log(n / static_cast<double>(to_index(images.count) * area));
  return nats / static_cast<double>(images.pixels.size());
}

struct Start {
  Network network;
  std::unique_ptr<const OutputHead> head;
  std::vector<float> random, started;
};

Start start(const HeadConfig& head, const ImageSet& images, const PixelCoding& coding, int threads) {
  ModelConfig config{.input_filters = 6, .output_filters = {6}, .head = head};
  config.input_kernel = {3, 3};
  Start result{.network = build_network(config, images.channels, images.height, images.width),
               .head = make_output_head(head, images.channels)};
  result.started = result.random = initial_parameters(result.network, Initialisation::kHeNormal, 5);
  start_head_from_data(result.network, *result.head, images, coding, Workers(threads), result.started);
  return result;
}

// Under the logits' biases alone.
double first_nats_per_dim(const Start& start, const ImageSet& images, const PixelCoding& coding) {
  const auto& conv = std::get<MaskedConvOp>(start.network.node(start.network.logits).op);
  const std::size_t area = images.image_size() / to_index(images.channels);
  const float* bias = start.started.data() + start.network.parameters[to_index(conv.bias)].offset;
  std::vector<float> logits, image(images.image_size());
  for (int map = 0; map < start.head->logit_channels(); ++map) logits.insert(logits.end(), area, bias[map]);
  double nats = 0.0;
  for (int i = 0; i < images.count; ++i) {
    coding.encode_for_evaluation(images, i, image);
    nats += start.head->nats(logits, image, {});
  }
  return nats / static_cast<double>(images.pixels.size());
}

TEST(HeadFromData, SoftmaxBeginsAtTheEntropyOfPixels) {
  for (const int channels : {1, 3}) {
    const ImageSet images = independent_pixels(50, channels, 16);
    const Quantiser coding(16, 16);
    const Start begun = start({.kind = HeadKind::kSoftmax, .levels = 16}, images, coding, 2);
    // Half a pixel more of 16 levels, beside the 1,750 of a channel.
    EXPECT_NEAR(first_nats_per_dim(begun, images, coding), entropy(images), 16.0 / 1750.0 / 2.0);
  }
}

TEST(HeadFromData, BernoulliBeginsAtTheEntropyOfPixels) {
  ImageSet images = independent_pixels(50, 1, 256);
  const Binariser coding({.kind = BinarisationKind::kThreshold, .threshold = 0.3});
  const Start begun = start({}, images, coding, 2);
  for (auto& pixel : images.pixels) pixel = pixel >= 0.3 * 255.0;
  images.values = 2;
  ImageSet bits = images;
  for (auto& pixel : bits.pixels) pixel = static_cast<std::uint16_t>(pixel * 255);
  bits.values = 256;
  EXPECT_NEAR(first_nats_per_dim(begun, bits, coding), entropy(images), 1e-3);
}

// Channels that know nothing of each other are the worst case of components that they share.
TEST(HeadFromData, MixtureBeginsNearTheEntropyOfPixels) {
  for (const int mixtures : {5, 10, 30}) {
    const Quantiser coding(256);
    const HeadConfig head{.kind = HeadKind::kLogisticMixture, .levels = 256, .mixtures = mixtures};
    const ImageSet grey = independent_pixels(100, 1, 256), colour = independent_pixels(100, 3, 256);
    const double least = entropy(grey),
                 found = first_nats_per_dim(start(head, grey, coding, 2), grey, coding);
    EXPECT_GT(found, least);
    EXPECT_LT(found, least + 0.1) << mixtures;
    EXPECT_LT(first_nats_per_dim(start(head, colour, coding, 2), colour, coding), std::log(256.0))
        << mixtures;
  }
}

// Each level as often as any other, in every channel: components mirror each other, the outermost too.
TEST(HeadFromData, MixtureBeginsSymmetricWhereThePixelsAre) {
  for (const int channels : {1, 3})
    for (const int mixtures : {1, 2, 7, 10, 31}) {
      const std::vector<ValueCounts> counts(to_index(channels), [] {
        ValueCounts all(2.0f / 255.0f, 4);
        for (int level = 0; level < 256; ++level) all.add(level_to_input(level, 256));
        return all;
      }());
      const auto head = make_output_head(
          {.kind = HeadKind::kLogisticMixture, .levels = 256, .mixtures = mixtures}, channels);
      const std::vector<float> logits = head->first_logits(counts);
      for (int channel = 0; channel < channels; ++channel)
        for (int k = 0; k < mixtures; ++k) {
          const int mean = (1 + 2 * channel) * mixtures, scale = mean + mixtures, mirrored = mixtures - 1 - k;
          // To the distance of two levels.
          EXPECT_NEAR(logits[to_index(mean + k)], -logits[to_index(mean + mirrored)], 0.009f);
          EXPECT_NEAR(std::exp(logits[to_index(scale + k)]), std::exp(logits[to_index(scale + mirrored)]),
                      0.009f);
        }
    }
}

// Every pixel is the mean of its neighbours and a number of its own: beside a forecast that number is all.
TEST(HeadFromData, CountsWhatTheForecastLeaves) {
  ImageSet images = independent_pixels(100, 1, 256);
  testing::Random random(8);
  for (int image = 0; image < images.count; ++image)
    for (int row = 0; row < images.height; ++row)
      for (int column = 0; column < images.width; ++column) {
        const auto at = [&](int y, int x) -> std::uint16_t& {
          return images.pixels[to_index((image * images.height + y) * images.width + x)];
        };
        const float left = column > 0 ? at(row, column - 1) : 127.5f,
                    above = row > 0 ? at(row - 1, column) : 127.5f;
        at(row, column) = static_cast<std::uint16_t>(
            std::clamp(std::lround((left + above) / 2.0f + 4.0f * random.normal()), 0l, 255l));
      }
  const Quantiser coding(256);
  const HeadConfig head{.kind = HeadKind::kLogisticMixture, .levels = 256, .forecast = true};
  const Start begun = start(head, images, coding, 2);
  std::vector<float> parameters = begun.started;
  for (const Parameter& parameter : begun.network.parameters)
    if (parameter.name == "logits.weight")
      std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(parameter.offset), parameter.size, 0.0f);
  const Workers workers(2);
  double nats = 0.0;
  for (const double image : Scorer(begun.network, *begun.head, 4, workers)
                                .nats(parameters, images.count, [&](int i, std::span<float> dst) {
                                  coding.encode_for_evaluation(images, i, dst);
                                }))
    nats += image;
  const double entropy_of_normal = std::log(4.0) + 0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e);
  EXPECT_NEAR(nats / static_cast<double>(images.pixels.size()), entropy_of_normal, 0.1);
}

// Pixels that are all alike leave parts of the values without any width.
TEST(HeadFromData, IsFiniteWhereAllPixelsAreAlike) {
  ImageSet images = independent_pixels(3, 1, 256);
  for (auto& pixel : images.pixels) pixel = 7;
  const Quantiser coding(256);
  for (const HeadKind kind : {HeadKind::kSoftmax, HeadKind::kLogisticMixture}) {
    const double nats =
        first_nats_per_dim(start({.kind = kind, .levels = 256}, images, coding, 1), images, coding);
    EXPECT_GE(nats, 0.0);
    EXPECT_LT(nats, 1.0);
  }
}

TEST(HeadFromData, MakesTheKernelATenthAndChangesNothingElse) {
  const ImageSet images = independent_pixels(5, 1, 16);
  const Start begun = start({.kind = HeadKind::kSoftmax, .levels = 16}, images, Quantiser(16, 16), 1);
  for (const Parameter& parameter : begun.network.parameters)
    for (std::size_t i = parameter.offset; i < parameter.offset + parameter.size; ++i) {
      if (parameter.name == "logits.bias") continue;
      const float factor = parameter.name == "logits.weight" ? 0.1f : 1.0f;
      EXPECT_EQ(begun.started[i], factor * begun.random[i]) << parameter.name;
    }
}

TEST(HeadFromData, GivesTheSameBitsOnAnyNumberOfThreads) {
  const ImageSet images = independent_pixels(37, 3, 256);
  const Quantiser coding(256);
  for (const HeadKind kind : {HeadKind::kSoftmax, HeadKind::kLogisticMixture}) {
    const HeadConfig head{.kind = kind, .levels = 256};
    const std::vector<float> one = start(head, images, coding, 1).started;
    EXPECT_EQ(one, start(head, images, coding, 2).started);
    EXPECT_EQ(one, start(head, images, coding, 64).started);  // more threads than images
  }
}

}  // namespace
}  // namespace pcnn

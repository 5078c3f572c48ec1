// Images whose entropy is known to the last digit: drawn from a small table of conditional probabilities,
//
//                 above
//     previous -> x          p(x | previous, above), in raster order, a pixel's channels one after the other;
//                            outside the image both are 0
//
// so no model scores them below the entropy, but for the luck of the draw, and one that has learnt them
// scores little above. A leak, a wrong unit or a loss that is no likelihood ends elsewhere.

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "engine/data/binarise.h"
#include "engine/data/quantise.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/train/given_of.h"
#include "engine/train/scorer.h"
#include "engine/train/trainer.h"
#include "tests/support/networks.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

class Table {
 public:
  Table(testing::Random& random, int levels, const Shape& image) : levels_(levels), image_(image) {
    for (int context = 0; context < levels * levels; ++context) {
      double total = 0.0;
      std::vector<double> row;
      for (int level = 0; level < levels; ++level)
        total += row.emplace_back(std::exp(double{1.5f * random.normal()}));
      for (double& p : row) p /= total;
      rows_.push_back(row);
    }
  }

  // In nats per image: the expectation of each dimension's conditional entropy, over all states of as many
  // dimensions before it as a row has.
  [[nodiscard]] double entropy() const {
    std::vector<double> states(static_cast<std::size_t>(std::pow(levels_, in_row()) + 0.5), 0.0);
    states[0] = 1.0;  // digit i of a state: the value i dimensions ago, less one
    double sum = 0.0;
    const int oldest = static_cast<int>(states.size()) / levels_;
    for (int dimension = 0; dimension < image_.h * in_row(); ++dimension) {
      std::vector<double> next(states.size(), 0.0);
      for (int state = 0; state < static_cast<int>(states.size()); ++state) {
        const std::vector<double>& row = conditional(dimension, state % levels_, state / oldest);
        for (int level = 0; level < levels_; ++level) {
          const double p = states[static_cast<std::size_t>(state)] * row[static_cast<std::size_t>(level)];
          if (p > 0.0) sum -= p * std::log(row[static_cast<std::size_t>(level)]);
          next[static_cast<std::size_t>(state % oldest * levels_ + level)] += p;
        }
      }
      states = next;
    }
    return sum;
  }

  [[nodiscard]] ImageSet draw(testing::Random& random, int count) const {
    ImageSet images;
    images.count = count;
    images.channels = image_.c;
    images.height = image_.h;
    images.width = image_.w;
    images.values = levels_;
    images.pixels.resize(static_cast<std::size_t>(count) * image_.size());
    images.ids = ids_in_order(count);
    std::vector<int> drawn(image_.size());
    for (int image = 0; image < count; ++image)
      for (int dimension = 0; dimension < static_cast<int>(drawn.size()); ++dimension) {
        const auto back = [&](int by) {
          return dimension < by ? 0 : drawn[static_cast<std::size_t>(dimension - by)];
        };
        const std::vector<double>& row = conditional(dimension, back(1), back(in_row()));
        double left = random.uniform(0.0f, 1.0f);
        int level = 0;
        while (level + 1 < levels_ && (left -= row[static_cast<std::size_t>(level)]) >= 0.0) ++level;
        drawn[static_cast<std::size_t>(dimension)] = level;
        const int pixel = dimension / image_.c;
        images.pixels[image_.offset(image, dimension % image_.c, pixel / image_.w, pixel % image_.w)] =
            static_cast<std::uint16_t>(level);
      }
    return images;
  }

 private:
  int in_row() const { return image_.w * image_.c; }
  const std::vector<double>& conditional(int dimension, int previous, int above) const {
    if (dimension % in_row() == 0) previous = 0;
    if (dimension < in_row()) above = 0;
    return rows_[static_cast<std::size_t>(previous * levels_ + above)];
  }

  int levels_;
  Shape image_;
  std::vector<std::vector<double>> rows_;
};

struct Case {
  HeadConfig head;
  Shape image;   // n = 1
  double above;  // the most that the score may lie over the entropy, as a fraction of it
  const char* blocks = "residual";
  int embedding = 0;
  friend std::ostream& operator<<(std::ostream& out, const Case& one) {
    constexpr const char* kNames[] = {"bernoulli", "softmax", "logistic_mixture"};
    return out << kNames[static_cast<int>(one.head.kind)] << " " << one.image.text()
               << (one.head.forecast ? " with a forecast" : "") << " " << one.blocks
               << (one.embedding > 0 ? " embedded" : "");
  }
};

class KnownEntropy : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Training, KnownEntropy,
    ::testing::Values(Case{{HeadKind::kBernoulli}, {1, 1, 5, 5}, 0.02},
                      Case{{HeadKind::kBernoulli}, {1, 3, 3, 3}, 0.02},
                      Case{{HeadKind::kBernoulli}, {1, 1, 5, 5}, 0.02, "gated"},
                      Case{{HeadKind::kBernoulli}, {1, 1, 5, 5}, 0.02, "attention"},
                      Case{{HeadKind::kBernoulli}, {1, 1, 5, 5}, 0.02, "row_lstm"},
                      Case{{HeadKind::kBernoulli}, {1, 1, 5, 5}, 0.02, "diagonal_lstm"},
                      Case{{HeadKind::kSoftmax, 3}, {1, 3, 3, 2}, 0.02, "diagonal_lstm"},
                      Case{{HeadKind::kSoftmax, 4}, {1, 1, 4, 4}, 0.02},
                      Case{{HeadKind::kSoftmax, 3}, {1, 3, 3, 2}, 0.02},
                      Case{{HeadKind::kSoftmax, 3}, {1, 3, 3, 2}, 0.02, "gated", 4},
                      Case{{HeadKind::kLogisticMixture, 4, 4}, {1, 1, 4, 4}, 0.02},
                      Case{{HeadKind::kLogisticMixture, 4, 4, true}, {1, 1, 4, 4}, 0.02}));

// So many images of each table, which is their class.
ImageSet draw_classes(testing::Random& random, const std::vector<Table>& tables, int count) {
  ImageSet all;
  for (std::size_t of_class = 0; of_class < tables.size(); ++of_class) {
    const ImageSet images = tables[of_class].draw(random, count);
    if (of_class == 0) all = images;
    if (of_class > 0) all.pixels.insert(all.pixels.end(), images.pixels.begin(), images.pixels.end());
    all.labels.resize(all.pixels.size() / images.image_size(), static_cast<int>(of_class));
  }
  all.count = static_cast<int>(all.labels.size());
  all.ids = ids_in_order(all.count);
  return all;
}

class EntropyOfClasses : public ::testing::TestWithParam<std::tuple<Case, int>> {};
INSTANTIATE_TEST_SUITE_P(
    Training, EntropyOfClasses,
    ::testing::Combine(::testing::Values(Case{{HeadKind::kBernoulli}, {1, 1, 5, 5}, 0.02},
                                         Case{{HeadKind::kBernoulli}, {1, 1, 5, 5}, 0.02, "gated"},
                                         Case{{HeadKind::kSoftmax, 3}, {1, 3, 3, 2}, 0.02}),
                       ::testing::Values(2)));

void expect_known_entropy(const Case& c, int classes);

TEST_P(KnownEntropy, IsWhatATrainedModelScores) {
  expect_known_entropy(GetParam(), 1);
}

// Images of each class have an entropy of their own. A model that were not told the class, or took the wrong
// one, would score above their mean by what the class tells of an image.
TEST_P(EntropyOfClasses, IsWhatATrainedModelScoresThatIsToldThem) {
  expect_known_entropy(std::get<0>(GetParam()), std::get<1>(GetParam()));
}

void expect_known_entropy(const Case& c, int classes) {
  testing::Random random(77);
  const Shape image = c.image;
  const auto head = make_output_head(c.head, image.c);
  std::vector<Table> tables;
  double entropy = 0.0;
  for (int of_class = 0; of_class < classes; ++of_class)
    entropy += tables.emplace_back(random, head->levels(), image).entropy() / classes;
  const ImageSet train = draw_classes(random, tables, 20000),
                 test = draw_classes(random, tables, 60000 / classes);

  ModelConfig config;
  if (classes > 1) config.condition.classes = classes;
  config.input_kernel = {3, 3};
  config.input_filters = 24;
  config.blocks = testing::blocks_of_kind(c.blocks, 12);
  config.output_filters = {24};
  config.input_embedding = c.embedding;
  config.head = c.head;
  config.initialisation = Initialisation::kHeNormal;
  const Network network = build_network(config, image.c, image.h, image.w);
  TrainConfig training;
  training.optimiser.kind = OptimiserKind::kAdam;
  training.optimiser.learning_rate = 5e-3;
  training.schedule.kind = ScheduleKind::kWarmupCosine;
  training.epochs = 8;
  training.batch = 64;
  training.shard_images = 16;
  const Binariser bits({.kind = BinarisationKind::kStored});
  const Quantiser quantiser(head->levels(), head->levels());
  const PixelCoding& coding = c.head.kind == HeadKind::kBernoulli
                                  ? static_cast<const PixelCoding&>(bits)
                                  : static_cast<const PixelCoding&>(quantiser);
  const Workers workers(2);
  Trainer trainer(network, *head, training, 1, initial_parameters(network, config.initialisation, 1),
                  workers);
  while (!trainer.finished(train.count))
    trainer.run_epoch(train, coding, [](const Progress&) { return true; });

  const std::vector<double> nats =
      Scorer(network, *head, 16, workers)
          .nats(
              trainer.evaluation_parameters(), test.count,
              [&](int i, std::span<float> dst) { coding.encode_for_evaluation(test, i, dst); },
              given_of(network, test));
  const double mean = summarise(nats, image.size()).nats_per_image;
  double squares = 0.0;
  for (const double value : nats) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares) / test.count;  // of the mean
  EXPECT_LT(deviation, 0.005 * entropy) << "too few images to tell";
  EXPECT_GT(mean, entropy - 4.0 * deviation);
  EXPECT_LT(mean, entropy * (1.0 + c.above) + 2.0 * deviation);
  ::testing::Test::RecordProperty("entropy", std::to_string(entropy));
  ::testing::Test::RecordProperty("score", std::to_string(mean));
}

}  // namespace
}  // namespace pcnn

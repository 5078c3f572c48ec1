#include "engine/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/binarise.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/train/scorer.h"

namespace pcnn {
namespace {

constexpr int kHeight = 7, kWidth = 6;

// With dropout, which, as input noise, is to be the same on any number of threads and after going on.
Network small_network() {
  ModelConfig config;
  config.input_kernel = {5, 5};
  config.dropout = 0.1;
  config.input_filters = 12;
  config.blocks = {{2, ResidualBlockConfig{{3, 3}, 8}}};
  config.output_filters = {8};
  return build_network(config, 1, kHeight, kWidth);
}

// Diagonal stripes with noise: something to learn.
ImageSet stripes(int count) {
  const RandomStream stream(5, Stream::kSplit);
  ImageSet images{.name = "stripes",
                  .count = count,
                  .channels = 1,
                  .height = kHeight,
                  .width = kWidth,
                  .pixels = {},
                  .ids = {}};
  for (std::uint32_t image = 0; image < static_cast<std::uint32_t>(count); ++image) {
    images.ids.push_back(image);
    const int phase = static_cast<int>(stream.below(3, image, 1000));
    for (int pixel = 0; pixel < kHeight * kWidth; ++pixel) {
      const bool on = (pixel / kWidth + pixel % kWidth + phase) % 3 == 0;
      const bool flip = stream.uniform(image, static_cast<std::uint32_t>(pixel)) < 0.05f;
      images.pixels.push_back(on != flip ? 220 : 30);
    }
  }
  return images;
}

TrainConfig config_of(OptimiserKind kind) {
  TrainConfig config;
  config.optimiser.kind = kind;
  config.optimiser.learning_rate = 0.01;
  if (kind == OptimiserKind::kSgd || kind == OptimiserKind::kMuon) config.optimiser.momentum = 0.9;
  config.schedule = {.kind = ScheduleKind::kWarmupCosine, .warmup_steps = 3};
  config.clip_norm = 0.5;
  config.input_noise = 0.01;
  config.average = {.decay = 0.9};
  config.shard_images = 4;
  config.batch = 10;  // with 37 images the last batch has 7, and shards of 4 are ragged in every batch
  config.epochs = 3;
  return config;
}

struct Outcome {
  std::vector<std::vector<float>> buffers;
  std::vector<double> losses;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

const Network kNetwork = small_network();
const Binariser kBinariser({.kind = BinarisationKind::kBernoulliPerEpoch});

Trainer make_trainer(const TrainConfig& config, const OutputHead& head, const Workers& workers) {
  return Trainer(kNetwork, head, config, 3, initial_parameters(kNetwork, Initialisation::kGlorotNormal, 3),
                 workers);
}

Outcome outcome(Trainer& trainer, std::vector<double> losses) {
  Outcome result{{}, std::move(losses)};
  for (const StateBuffer& buffer : trainer.state())
    result.buffers.emplace_back(buffer.values.begin(), buffer.values.end());
  return result;
}

Outcome train_on(int threads, const TrainConfig& config) {
  const Workers workers(threads);
  const auto head = make_output_head({});
  Trainer trainer = make_trainer(config, *head, workers);
  const ImageSet images = stripes(37);
  std::vector<double> losses;
  while (!trainer.finished(images.count))
    trainer.run_epoch(images, kBinariser, [&](const Progress& progress) {
      losses.push_back(progress.epoch.nats);
      return true;
    });
  return outcome(trainer, std::move(losses));
}

class EveryOptimiser : public testing::TestWithParam<OptimiserKind> {};
INSTANTIATE_TEST_SUITE_P(Trainer, EveryOptimiser,
                         testing::Values(OptimiserKind::kRmsprop, OptimiserKind::kAdam, OptimiserKind::kAdamW,
                                         OptimiserKind::kSgd, OptimiserKind::kMuon));

TEST_P(EveryOptimiser, GivesTheSameBitsOnOneTwoAndFiveThreads) {
  const TrainConfig config = config_of(GetParam());
  const Outcome one = train_on(1, config);
  EXPECT_EQ(one, train_on(2, config));
  EXPECT_EQ(one, train_on(5, config));
  EXPECT_EQ(one.losses.size(), 12u);
}

TEST_P(EveryOptimiser, ContinuesInsideAnEpochBitForBitFromItsState) {
  const TrainConfig config = config_of(GetParam());
  const Workers workers(2);
  const auto head = make_output_head({});
  const ImageSet images = stripes(37);
  Trainer whole = make_trainer(config, *head, workers), first = make_trainer(config, *head, workers),
          second = make_trainer(config, *head, workers);
  const auto go_on = [](const Progress&) { return true; };
  while (!whole.finished(images.count)) whole.run_epoch(images, kBinariser, go_on);

  for (bool epoch_complete = true; epoch_complete;)  // stops after step 6, in the second epoch
    epoch_complete =
        first.run_epoch(images, kBinariser, [](const Progress& progress) { return progress.step < 6; });
  ASSERT_EQ(first.progress().step, 6);
  const std::vector<StateBuffer> from = first.state(), to = second.state();
  for (std::size_t i = 0; i < from.size(); ++i) std::ranges::copy(from[i].values, to[i].values.begin());
  second.restore(first.progress());
  while (!second.finished(images.count)) second.run_epoch(images, kBinariser, go_on);

  EXPECT_EQ(outcome(whole, {}), outcome(second, {}));
  EXPECT_EQ(whole.progress().epoch.nats_per_dim(), second.progress().epoch.nats_per_dim());
  EXPECT_EQ(whole.progress().step, second.progress().step);
}

TEST_P(EveryOptimiser, KeepsDeadWeightsAndTheirMomentsAtExactlyZero) {
  Outcome trained = train_on(2, config_of(GetParam()));
  for (std::vector<float>& buffer : trained.buffers) {
    std::vector<float> masked = buffer;
    zero_dead_weights(kNetwork, masked);
    EXPECT_EQ(masked, buffer);
    EXPECT_TRUE(std::ranges::any_of(buffer, [](float value) { return value != 0.0f; }));
  }
}

TEST(Trainer, LearnsStripesFarBelowTheEntropyOfIndependentPixels) {
  TrainConfig config = config_of(OptimiserKind::kAdam);
  config.epochs = 60;
  config.clip_norm.reset();
  const Workers workers(2);
  const auto head = make_output_head({});
  Trainer trainer = make_trainer(config, *head, workers);
  const ImageSet images = stripes(200);
  const Binariser threshold({});
  while (!trainer.finished(images.count))
    trainer.run_epoch(images, threshold, [](const Progress&) { return true; });
  // Independent pixels cost H(0.35) = 0.647 nats; the stripes with 5 % noise need about 0.2 + ln 3 / 42.
  EXPECT_LT(trainer.progress().epoch.nats_per_dim(), 0.35);
  EXPECT_GT(trainer.progress().epoch.nats_per_dim(), 0.1);
}

TEST(Trainer, StopsBeforeAStepWhoseLossIsNotFinite) {
  TrainConfig config = config_of(OptimiserKind::kSgd);
  config.optimiser.learning_rate = 1e30;
  config.clip_norm.reset();
  const Workers workers(1);
  const auto head = make_output_head({});
  Trainer trainer = make_trainer(config, *head, workers);
  const ImageSet images = stripes(37);
  EXPECT_THROW(for (int epoch = 0; epoch < 3; ++epoch)
                   trainer.run_epoch(images, kBinariser, [](const Progress&) { return true; }),
               ComputeError);
}

// A trainer whose first value of a buffer of its state is changed after one step, and what its next step
// says.
class Disturbed {
 public:
  Disturbed(std::string_view buffer, const std::string& parameter, float value)
      : trainer_(make_trainer(config_of(OptimiserKind::kAdam), *head_, workers_)) {
    trainer_.run_epoch(images_, kBinariser, [](const Progress&) { return false; });
    const Network network = small_network();
    for (const StateBuffer& state : trainer_.state())
      for (const Parameter& one : network.parameters)
        if (state.name == buffer && one.name == parameter) state.values[one.offset] = value;
    trainer_.restore(Progress(trainer_.progress()));
  }
  [[nodiscard]] std::string message() {
    try {
      trainer_.run_epoch(images_, kBinariser, [](const Progress&) { return false; });
    } catch (const DivergenceError& error) {
      EXPECT_EQ(trainer_.progress().step, 1) << "the step was not taken";
      return error.what();
    }
    return "";
  }
  [[nodiscard]] std::string message_of_check() {
    try {
      trainer_.check_state();
    } catch (const DivergenceError& error) {
      return error.what();
    }
    return "";
  }

 private:
  Workers workers_{1};
  std::unique_ptr<const OutputHead> head_ = make_output_head({});
  ImageSet images_ = stripes(37);
  Trainer trainer_;
};

TEST(Trainer, NamesTheOpWhereANumberStopsBeingFinite) {
  const std::string absurd = Disturbed("", "logits.bias", 3e38f).message();
  EXPECT_TRUE(absurd.starts_with("step 2, learning rate 0.003333: training diverged: the loss is "))
      << absurd;
  EXPECT_NE(absurd.find("e+38 nats/dim, where guessing has 0.6931"), std::string::npos) << absurd;
  const std::string not_a_number = Disturbed("", "blocks.0.reduce.bias", NAN).message();
  EXPECT_NE(not_a_number.find("parameter 'blocks.0.reduce.bias'"), std::string::npos) << not_a_number;
}

// A moment that has overflowed holds its parameter still, and neither the loss nor the parameter tells.
TEST(Trainer, ChecksEveryNumberOfItsState) {
  EXPECT_EQ(Disturbed("optimiser.second_moment", "input.bias", 3e38f).message_of_check(), "");
  EXPECT_EQ(Disturbed("optimiser.second_moment", "input.bias", INFINITY).message(), "");
  EXPECT_EQ(Disturbed("optimiser.second_moment", "input.bias", INFINITY).message_of_check(),
            "step 1, learning rate 0.003333: training diverged: the optimiser.second_moment of parameter "
            "'input.bias' is not finite (a lower train.learning_rate or train.clip_norm may help)");
  EXPECT_NE(Disturbed("average", "input.bias", -INFINITY).message_of_check(), "");
}

TEST(Trainer, GoesOnWhereItOnlyStartsBadly) {
  const Workers workers(1);
  const auto head = make_output_head({});
  Trainer trainer = make_trainer(config_of(OptimiserKind::kAdam), *head, workers);
  const Network network = small_network();
  const std::span<float> parameters = trainer.state()[0].values;
  for (const Parameter& one : network.parameters)
    if (one.name == "logits.bias") parameters[one.offset] = 1000.0f;
  trainer.restore({});
  const ImageSet images = stripes(37);
  EXPECT_NO_THROW(trainer.run_epoch(images, kBinariser, [](const Progress&) { return true; }));
  EXPECT_GT(trainer.progress().first_nats_per_dim, 100.0 * std::log(2.0));
}

TEST(Trainer, CountsEpochsStepsAndBudgets) {
  TrainConfig config = config_of(OptimiserKind::kSgd);
  config.epochs.reset();
  config.schedule = {};
  config.steps = 6;
  const Workers workers(1);
  const auto head = make_output_head({});
  Trainer trainer = make_trainer(config, *head, workers);
  const ImageSet images = stripes(37);
  const auto go_on = [](const Progress&) { return true; };
  EXPECT_EQ(trainer.steps_per_epoch(37), 4);
  EXPECT_TRUE(trainer.run_epoch(images, kBinariser, go_on));
  EXPECT_EQ(trainer.epoch(37), 1);
  EXPECT_EQ(trainer.progress().epoch.images, 37);
  EXPECT_FALSE(trainer.run_epoch(images, kBinariser, go_on)) << "the budget ends inside the second epoch";
  EXPECT_TRUE(trainer.finished(37));
  EXPECT_EQ(trainer.epoch(37), 2);
  EXPECT_EQ(trainer.progress().images, 37 + 20);
}

// The gradient of a batch is the mean of its images' gradients, also where the last shard is ragged.
TEST(BatchGradient, IsTheMeanOverImagesWhateverTheSharding) {
  const auto head = make_output_head({});
  const Workers workers(2);
  const std::vector<float> parameters = initial_parameters(kNetwork, Initialisation::kGlorotNormal, 9);
  const ImageSet images = stripes(7);
  const Binariser binariser({});
  const auto gradient_of = [&](int shard_images, int first, int count, std::vector<float>& gradient) {
    BatchGradient batch(kNetwork, *head, shard_images, workers);
    batch.load_parameters(parameters);
    return batch.compute(
        count,
        [&](int position, std::span<float> image) { binariser.encode(images, first + position, 0, image); },
        gradient, {}, {.first_image = static_cast<std::uint32_t>(first)});
  };

  std::vector<float> one(parameters.size());
  std::vector<double> mean(parameters.size(), 0.0);
  double nats = 0.0;
  for (int image = 0; image < images.count; ++image) {
    nats += gradient_of(1, image, 1, one);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += one[i] / static_cast<double>(images.count);
  }
  for (const int shard_images : {1, 3, 4, 16}) {
    std::vector<float> gradient(parameters.size());
    EXPECT_NEAR(gradient_of(shard_images, 0, images.count, gradient), nats, 1e-6 * nats);
    // f32 sums of some hundred terms each, in another order.
    for (std::size_t i = 0; i < mean.size(); ++i)
      ASSERT_NEAR(gradient[i], mean[i], 1e-5) << "parameter " << i;
  }
}

TEST(Scorer, GivesEachImageTheSameNatsOnAnyThreadsAndShards) {
  const auto head = make_output_head({});
  const std::vector<float> parameters = initial_parameters(kNetwork, Initialisation::kGlorotNormal, 9);
  const ImageSet images = stripes(11);
  const Binariser binariser({});
  const auto score = [&](int threads, int shard_images) {
    const Workers workers(threads);
    return Scorer(kNetwork, *head, shard_images, workers)
        .nats(parameters, images.count, [&](int position, std::span<float> image) {
          binariser.encode_for_evaluation(images, position, image);
        });
  };
  const std::vector<double> one = score(1, 4);
  EXPECT_EQ(one, score(2, 4));
  EXPECT_EQ(one, score(5, 4));
  const std::vector<double> alone = score(1, 1);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], alone[i], 1e-5 * alone[i]);
}

TEST(Score, ConvertsUnits) {
  const std::vector<double> nats{4.0, 8.0};
  const Score score = summarise(nats, 4);
  EXPECT_DOUBLE_EQ(score.nats_per_image, 6.0);
  EXPECT_DOUBLE_EQ(score.nats_per_dim, 1.5);
  EXPECT_DOUBLE_EQ(score.bits_per_dim, 1.5 / std::log(2.0));
  EXPECT_EQ(score.images, 2);
}

}  // namespace
}  // namespace pcnn

// Scores against a second model.

#include <gtest/gtest.h>

#include <sstream>

#include "engine/io/npy.h"
#include "engine/io/safetensors.h"
#include "engine/run/eval_report.h"
#include "tests/run/eval_run.h"

namespace pcnn {
namespace {

TEST_F(EvalRun, TellsTheLikelihoodRatioAgainstASecondModel) {
  // Trained less, and with shards of its own.
  run({.config = config(), .overrides = {"name=other", "seed=5", "train.epochs=1", "train.shard_images=3"}});
  EvalOptions wanted = options();
  wanted.background = directory("other");
  wanted.scores = file("scores.csv");
  const Evaluation evaluation = evaluate(wanted);
  ASSERT_TRUE(evaluation.background);
  const Evaluation::Background& background = *evaluation.background;
  EXPECT_EQ(evaluation.nats, evaluate(options()).nats);
  EvalOptions alone = options();
  alone.model = directory("other");
  EXPECT_EQ(background.nats, evaluate(alone).nats) << "as it scores by itself, to the last bit";
  EXPECT_EQ(background.model, directory("other") + "/best.safetensors");
  double mean = 0.0;
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(background.log_ratio[i], background.nats[i] - evaluation.nats[i]);
    mean += background.log_ratio[i] / 9;
  }
  EXPECT_GT(mean, 0.0) << "trained longer, it knows the images better";
  EXPECT_NEAR(background.log_ratio_per_image, mean, 1e-12);
  EXPECT_NEAR((background.interval->low + background.interval->high) / 2, mean, 1e-9);

  const nlohmann::json json = nlohmann::json::parse(report_json(evaluation, wanted));
  EXPECT_EQ(json.at("background").at("model"), background.model);
  EXPECT_EQ(json.at("background").at("nats_per_dim"), results("other").at("models").at(0).at("nats_per_dim"));
  EXPECT_EQ(json.at("log_likelihood_ratio_per_image"), background.log_ratio_per_image);
  EXPECT_EQ(json.at("log_likelihood_ratio_per_image_interval").at(0), background.interval->low);
  expect_contains(report_text(evaluation, wanted), " nats/image log-likelihood ratio, log p - log p of the ");

  std::istringstream csv(slurp(wanted.scores));
  std::string line;
  std::getline(csv, line);
  EXPECT_TRUE(line.ends_with(",nats,nats_per_dim,bits_per_dim,background_nats,log_likelihood_ratio")) << line;
  for (std::size_t i = 0; std::getline(csv, line); ++i) {
    const std::size_t last = line.rfind(','), before = line.rfind(',', last - 1);
    EXPECT_EQ(std::stod(line.substr(last + 1)), background.log_ratio[i]);
    EXPECT_EQ(std::stod(line.substr(before + 1)), background.nats[i]);
  }

  wanted.background = directory();
  wanted.overwrite = true;
  const Evaluation same = evaluate(wanted);
  EXPECT_EQ(same.background->log_ratio, std::vector<double>(9, 0.0));

  // Images of one's own, of any size.
  write_npy(file("own.npy"), {2, 3, 4}, std::vector<std::uint8_t>(24, 1));
  EvalOptions mine = own("own.npy");
  mine.background = directory("other");
  const Evaluation small = evaluate(mine);
  EXPECT_EQ(small.background->log_ratio.size(), 2u);
  EXPECT_TRUE(has_note(small, "the background model was trained on 6x5"));
}

TEST_F(EvalRun, RefusesABackgroundModelOfAnotherCoding) {
  const auto refusal = [&](const std::string& name, std::vector<std::string> overrides) {
    overrides.insert(overrides.end(), {"name=" + name, "train.epochs=1", "sample.count=0"});
    run({.config = config(), .overrides = overrides});
    EvalOptions wanted = options();
    wanted.background = directory(name);
    const std::string text = message(wanted);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  };
  expect_contains(refusal("colour", {"data.colour=true", "model.input.filters=6", "model.blocks.filters=3",
                                     "model.output.filters=3"}),
                  "have 3 channels, accepted: 1, as those of");
  expect_contains(refusal("levels", {"model.head=softmax", "model.levels=2"}),
                  "coded as '2 levels: floor(value * 2 / 256)', accepted: 'threshold: value / 255 >= 0.5'");
  expect_contains(refusal("threshold", {"data.threshold=0.3"}), "coded as 'threshold: value / 255 >= 0.3'");
  expect_contains(refusal("drawn", {"data.binarisation=bernoulli_fixed"}), "coded as 'Bernoulli, drawn once");
  EXPECT_EQ(refusal("alike", {"seed=7"}), "");
  EvalOptions wanted = options();
  wanted.background = file("nowhere");
  expect_contains(message(wanted), "nowhere: not found");
}

}  // namespace
}  // namespace pcnn

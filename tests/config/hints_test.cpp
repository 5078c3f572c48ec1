// What messages suggest: the words of other programs, bounds of 64 bits.

#include "engine/config/other_words.h"
#include "engine/run/run_config.h"
#include "tests/config/config_error.h"

namespace pcnn {
namespace {

std::string refusal(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return config_error([&] { (void)read_run_config(load(yaml, overrides), "run"); });
}

std::string hint(const std::string& yaml) {
  const std::string message = refusal(yaml);
  const std::size_t at = message.rfind("; ");
  return at == std::string::npos ? message : message.substr(at + 2);
}

TEST(ConfigHints, KnowTheWordsOfOtherPrograms) {
  EXPECT_EQ(refusal("", {"train.lr=0.1"}),
            "override 'train.lr=0.1': train.lr: unknown key; did you mean train.learning_rate?");
  EXPECT_EQ(hint("lr: 0.1"), "did you mean train.learning_rate?");
  EXPECT_EQ(hint("train: {optimizer: adam}"), "did you mean train.optimiser?");
  EXPECT_EQ(hint("train: {epoch: 3}"), "did you mean train.epochs?");
  EXPECT_EQ(hint("train: {max_epochs: 3}"), "did you mean train.epochs?");
  EXPECT_EQ(hint("train: {batch_size: 3}"), "did you mean train.batch?");
  EXPECT_EQ(hint("batch-size: 3"), "did you mean train.batch?");
  EXPECT_EQ(hint("train: {optimiser: adamw, wd: 3}"), "did you mean train.weight_decay?");
  EXPECT_EQ(hint("train: {lr_scheduler: 3}"), "did you mean train.schedule?");
  EXPECT_EQ(hint("train: {ema_decay: 0.9}"), "did you mean train.average?");
  EXPECT_EQ(hint("data: {color: true}"), "did you mean data.colour?");
  EXPECT_EQ(hint("data: {path: d}"), "did you mean data.directory?");
  EXPECT_EQ(hint("num_workers: 2"), "did you mean threads?");
  EXPECT_EQ(hint("model: {initializer: he_normal}"), "did you mean model.initialisation?");
  EXPECT_EQ(hint("model: {input: {kernel_size: 3}}"), "did you mean model.input.kernel?");
  EXPECT_EQ(hint("model: {head: softmax, num_classes: 4}"), "did you mean model.levels?");
  EXPECT_EQ(hint("model: {dropout_rate: 0.5}"), "did you mean model.dropout?");
  EXPECT_EQ(hint("model: {batch_norm: true}"), "networks have no normalisation here");
  EXPECT_EQ(hint("device: cuda"), "all runs on the CPU");
}

TEST(ConfigHints, KnowTheChoicesOfOtherPrograms) {
  EXPECT_EQ(hint("train: {optimiser: RMSprop}"), "did you mean rmsprop?");
  EXPECT_EQ(hint("train: {schedule: {kind: cosine}}"), "did you mean warmup_cosine?");
  EXPECT_EQ(hint("model: {initialisation: xavier_uniform}"), "did you mean glorot_uniform?");
  EXPECT_EQ(hint("model: {head: categorical}"), "did you mean softmax?");
  EXPECT_EQ(hint("data: {dataset: fashion_mnist}"), "did you mean fashion-mnist?");
  EXPECT_EQ(hint("data: {binarisation: dynamic}"), "did you mean bernoulli_per_epoch?");
  EXPECT_EQ(hint("precision: bfloat16"), "did you mean bf16?");
}

TEST(ConfigHints, AreForKnownWordsOnly) {
  EXPECT_TRUE(config_detail::our_words("qwertz").empty());
  EXPECT_EQ(config_detail::our_words("Batch-Size").front(), "batch");
  EXPECT_EQ(config_detail::remark_on("lr"), "");
}

TEST(ConfigHints, SeedsNameTheirBound) {
  const std::string accepted = ", accepted: an integer in [0, 9223372036854775807]";
  EXPECT_EQ(refusal("seed: -1"), "x.yaml:1:7: seed: found -1" + accepted);
  EXPECT_EQ(refusal("seed: 9223372036854775808"), "x.yaml:1:7: seed: found 9223372036854775808" + accepted);
  EXPECT_EQ(refusal("data: {validation_choice: seeded, split_seed: 99999999999999999999}"),
            "x.yaml:1:47: data.split_seed: found 99999999999999999999" + accepted);
  EXPECT_EQ(read_run_config(load("seed: 9223372036854775807"), "x").seed, 9223372036854775807u);
}

TEST(ConfigHints, WhatDoesNotFit64BitsIsToldSo) {
  EXPECT_EQ(config_error([] {
              (void)load("a: 99999999999999999999").root().integer("a", 1, ConfigRange::at_least(1));
            }),
            "x.yaml:1:4: a: found 99999999999999999999, accepted: an integer >= 1 that fits 64 bits");
  EXPECT_EQ(config_error([] { (void)load("a: -99999999999999999999").root().integer("a", 1); }),
            "x.yaml:1:4: a: found -99999999999999999999, accepted: an integer that fits 64 bits");
}

}  // namespace
}  // namespace pcnn

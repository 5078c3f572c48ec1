// What blocks of each kind have, and how a config is told that they have not.

#include "engine/model/model_config.h"

#include <gtest/gtest.h>

#include <variant>

#include "engine/core/error.h"
#include "tests/support/text.h"

namespace pcnn {
namespace {

using testing::expect_contains;

ModelConfig read(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  const ConfigDocument document = ConfigDocument::from_string(yaml, "test.yaml", overrides);
  const ModelConfig config = read_model_config(document.root().section("model"));
  document.root().reject_unread();
  return config;
}

std::string message(const std::string& block, const std::vector<std::string>& overrides = {}) {
  try {
    (void)read("model: {blocks: [" + block + "]}", overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(ModelConfig, ReadsLstms) {
  const ModelConfig config = read(
      "model: {blocks: [{kind: row_lstm, kernel: 5, filters: 7}, {kind: diagonal_lstm, filters: 3, repeat: "
      "2}]}");
  const auto& rows = std::get<RowLstmBlockConfig>(config.blocks[0].block);
  EXPECT_EQ(rows.columns, 5);
  EXPECT_EQ(rows.filters, 7);
  EXPECT_EQ(std::get<DiagonalLstmBlockConfig>(config.blocks[1].block).filters, 3);
  EXPECT_EQ(config.blocks[1].repeat, 2);
}

TEST(ModelConfig, RefusesKeysThatLstmsHaveNoneOf) {
  expect_contains(message("{kind: row_lstm, kernel: 4}"), "blocks[0].kernel: found 4, accepted: odd sides");
  expect_contains(message("{kind: row_lstm, kernel: [1, 3]}"), "found 2 numbers, accepted: one odd number");
  expect_contains(message("{kind: row_lstm, kernel: 65}"), "[1, 63]");
  expect_contains(message("{kind: row_lstm, dilation: 2}"), "blocks[0].dilation: an LSTM has none");
  expect_contains(message("{kind: row_lstm, skip: true}"), "blocks[0].skip: only gated blocks have one");
  expect_contains(message("{kind: diagonal_lstm, kernel: 3}"), "blocks[0].kernel: a diagonal LSTM has none");
  expect_contains(message("{kind: diagonal_lstm, dilation: 1}"), "blocks[0].dilation: an LSTM has none");
  expect_contains(message("{kind: diagonal_lstm, skip: false}"),
                  "blocks[0].skip: only gated blocks have one");
}

TEST(ModelConfig, ReadsTheWidthOfAResidualBlocksFirstConvolution) {
  const ModelConfig config = read("model: {blocks: [{kind: residual, filters: 4, reduce: 9}, {filters: 4}]}");
  EXPECT_EQ(std::get<ResidualBlockConfig>(config.blocks[0].block).reduce, 9);
  EXPECT_EQ(std::get<ResidualBlockConfig>(config.blocks[1].block).reduce, 0);
  expect_contains(message("{kind: residual, reduce: 0}"), "blocks[0].reduce: found 0, accepted: ");
  expect_contains(message("{kind: gated, reduce: 8}"),
                  "blocks[0].reduce: only residual blocks have one, accepted: kind: residual");
}

TEST(ModelConfig, ReadsWhetherTheInputHasAnActivation) {
  EXPECT_FALSE(read("model: {input: {activation: false}}").input_activation);
  EXPECT_TRUE(read("model: {input: {kernel: 3}}").input_activation);
}

// What the file says for the kind that it names does not stand in the way of another.
TEST(ModelConfig, AnOverrideOfTheKindLeavesOutKeysItHasNoneOf) {
  const std::vector<std::string> diagonal{"model.blocks[0].kind=diagonal_lstm"};
  EXPECT_EQ(message("{kind: residual, kernel: 3, dilation: 2, filters: 8}", diagonal), "");
  EXPECT_EQ(message("{kind: gated, kernel: 3, skip: true}", {"model.blocks[0].kind=row_lstm"}), "");
  EXPECT_EQ(message("{kind: gated, kernel: 3, skip: true}", {"model.blocks[0].kind=residual"}), "");
  expect_contains(
      message("{kind: residual}", {"model.blocks[0].kind=diagonal_lstm", "model.blocks[0].kernel=5"}),
      "a diagonal LSTM has none");
}

}  // namespace
}  // namespace pcnn

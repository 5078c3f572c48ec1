// The forecast as a config asks for it: what is accepted, the network it makes, and its first parameters.

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/model/initialise.h"
#include "engine/model/model_config.h"
#include "engine/model/network_builder.h"
#include "engine/model/receptive_field.h"
#include "engine/model/summary.h"

namespace pcnn {
namespace {

ModelConfig read(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  const ConfigDocument document = ConfigDocument::from_string(yaml, "x.yaml", overrides);
  ModelConfig config = read_model_config(document.root().section("model"));
  document.reject_unread();
  return config;
}

std::string refusal(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  try {
    (void)read(yaml, overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Forecast, IsReadWithItsKernel) {
  EXPECT_FALSE(read("model: {head: logistic_mixture}").head.forecast);
  EXPECT_FALSE(read("model: {head: logistic_mixture, forecast: null}").head.forecast);
  EXPECT_FALSE(read("model: {head: logistic_mixture, forecast: {kernel: null}}").head.forecast);
  const ModelConfig square = read("model: {head: logistic_mixture, forecast: {kernel: 5}}");
  EXPECT_TRUE(square.head.forecast);
  EXPECT_EQ(square.forecast_kernel.height, 5);
  EXPECT_EQ(square.forecast_kernel.width, 5);
  const ModelConfig sides = read("model: {head: logistic_mixture, forecast: {kernel: [3, 9]}}");
  EXPECT_EQ(sides.forecast_kernel.height, 3);
  EXPECT_EQ(sides.forecast_kernel.width, 9);
}

TEST(Forecast, IsRefusedWhereItCannotBe) {
  const auto with = [](const char* kernel) {
    return refusal(std::string("model: {head: logistic_mixture, forecast: {kernel: ") + kernel + "}}");
  };
  EXPECT_EQ(with("1"),
            "x.yaml:1:52: model.forecast.kernel: found 1, accepted: an integer in [3, 63], or a list "
            "of them");
  EXPECT_NE(with("[3, 1]").find("model.forecast.kernel[1]: found 1, accepted"), std::string::npos);
  EXPECT_NE(with("4").find("model.forecast.kernel: found 4, accepted: odd sides"), std::string::npos);
  EXPECT_NE(with("[3, 3, 3]").find("found 3 numbers, accepted: one side, or [height, width]"),
            std::string::npos);
  EXPECT_NE(with("[]").find("accepted: an integer"), std::string::npos);
  for (const char* head : {"bernoulli", "softmax"})
    EXPECT_EQ(refusal(std::string("model:\n  head: ") + head + "\n  forecast: {kernel: 7}\n"),
              std::string("x.yaml:3:22: model.forecast.kernel: head: ") + head +
                  " has no forecast, accepted: head: logistic_mixture");
  EXPECT_NE(refusal("model: {head: logistic_mixture, forecast: {size: 7}}").find("unknown key"),
            std::string::npos);
}

// A head chosen by an override leaves the file's forecast out, as it does with levels.
TEST(Forecast, IsLeftOutWhereAnotherHeadIsChosen) {
  EXPECT_FALSE(
      read("model: {head: logistic_mixture, forecast: {kernel: 7}}", {"model.head=bernoulli"}).head.forecast);
}

TEST(Forecast, IsNoPartOfOtherHeads) {
  EXPECT_THROW((void)make_output_head({.kind = HeadKind::kBernoulli, .forecast = true}),
               std::invalid_argument);
  EXPECT_THROW((void)make_output_head({.kind = HeadKind::kSoftmax, .levels = 4, .forecast = true}, 3),
               std::invalid_argument);
}

Network with_forecast(bool forecast, int channels = 3) {
  ModelConfig config;
  config.input_kernel = {3, 3};
  config.input_filters = 8;
  config.output_filters = {6};
  config.head = {HeadKind::kLogisticMixture, 256, 2, forecast};
  config.forecast_kernel = {5, 7};
  return build_network(config, channels, 9, 8);
}

const Parameter& parameter(const Network& network, const std::string& name) {
  return *std::ranges::find(network.parameters, name, &Parameter::name);
}

TEST(Forecast, FollowsTheLogitsAndItsParametersAllOthers) {
  const Network network = with_forecast(true), without = with_forecast(false);
  EXPECT_EQ(network.shape(network.logits, 1).c, without.shape(without.logits, 1).c + 3);
  const auto* both = std::get_if<ConcatenationOp>(&network.node(network.logits).op);
  ASSERT_TRUE(both);
  EXPECT_EQ(network.node(both->a).name, "logits");
  EXPECT_EQ(network.node(both->b).name, "forecast");
  EXPECT_EQ(parameter(network, "forecast.weight").shape, (std::vector{3, 3, 5, 7}));
  EXPECT_EQ(parameter(network, "forecast.bias").shape, std::vector{3});
  EXPECT_EQ(std::ranges::count(network.parameters, true, &Parameter::is_forecast), 2);
  EXPECT_EQ(std::ranges::count(without.parameters, true, &Parameter::is_forecast), 0);
  // 17 earlier taps, all channels of each; none of the pixel itself.
  EXPECT_EQ(network.live_parameter_count(), without.live_parameter_count() + 3 * 3 * 17 + 3);
  for (std::size_t i = 0; i < without.parameters.size(); ++i)
    EXPECT_EQ(network.parameters[i].name, without.parameters[i].name);
}

TEST(Forecast, ReadsTheImageWhereTheNetworkReadsEmbeddings) {
  ModelConfig config;
  config.input_embedding = 5;
  config.head = {HeadKind::kLogisticMixture, 16, 2, true};
  const Network network = build_network(config, 2, 4, 4);
  const auto forecast = std::ranges::find(network.nodes, "forecast", &Node::name);
  EXPECT_EQ(inputs(forecast->op), std::vector{0});
}

TEST(Forecast, BeginsAsTheMeanOfThePixelsToTheLeftAndAbove) {
  const Network network = with_forecast(true), without = with_forecast(false);
  for (const Initialisation kind : {Initialisation::kGlorotNormal, Initialisation::kHeUniform}) {
    const std::vector<float> values = initial_parameters(network, kind, 3),
                             others = initial_parameters(without, kind, 3);
    EXPECT_TRUE(std::equal(others.begin(), others.end(), values.begin())) << "all others begin as without";
    const Parameter& weight = parameter(network, "forecast.weight");
    const Shape kernel{3, 3, 5, 7};
    for (int to = 0; to < 3; ++to)
      for (int from = 0; from < 3; ++from)
        for (int row = 0; row < 5; ++row)
          for (int column = 0; column < 7; ++column) {
            const bool is_left = row == 2 && column == 2, is_above = row == 1 && column == 3;
            EXPECT_EQ(values[weight.offset + kernel.offset(to, from, row, column)],
                      to == from && (is_left || is_above) ? 0.5f : 0.0f);
          }
    const Parameter& bias = parameter(network, "forecast.bias");
    for (std::size_t i = 0; i < bias.size; ++i) EXPECT_EQ(values[bias.offset + i], 0.0f);
  }
}

TEST(Forecast, WidensTheReceptiveFieldAndHasItsLines) {
  EXPECT_EQ(receptive_field(with_forecast(false)).size(), 4u);
  EXPECT_EQ(receptive_field(with_forecast(true)).size(), 17u);
  EXPECT_NE(network_table(with_forecast(true)).find("forecast  A     5x7     3x9x8"), std::string::npos)
      << network_table(with_forecast(true));
  const std::string formulas = network_formulas(with_forecast(true));
  EXPECT_NE(formulas.find("forecast            = bias + 5x7A * image\n"), std::string::npos) << formulas;
  EXPECT_NE(formulas.find("logits.and_forecast = the maps of logits, then those of forecast\n"),
            std::string::npos)
      << formulas;
}

TEST(Forecast, NeedsAKernelThatReadsLeftAndAbove) {
  NetworkBuilder builder(1, 4, 4, Activation::kRelu, 0.0f);
  EXPECT_THROW((void)builder.forecast("forecast", {1, 3}), std::invalid_argument);
  EXPECT_THROW((void)builder.forecast("forecast", {3, 1}), std::invalid_argument);
}

}  // namespace
}  // namespace pcnn

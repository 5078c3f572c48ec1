// What a network's graph says to programs that know nothing of the engine.

#include "engine/model/graph.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/model/network_builder.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

using nlohmann::json;

ModelConfig config_of(const std::string& kind) {
  ModelConfig config;
  config.input_kernel = {3, 3};
  config.input_filters = 12;
  config.head = {.kind = HeadKind::kSoftmax, .levels = 4};
  config.output_filters = {6};
  config.dropout = 0.25;
  config.condition = {.classes = 5};
  config.blocks = testing::blocks_of_kind(kind, 12);
  return config;
}

json graph_of(const ModelConfig& config, int channels = 1) {
  return json::parse(network_graph(build_network(config, channels, 6, 5), config.head));
}

const json& node_called(const json& graph, const std::string& name) {
  for (const json& node : graph.at("nodes"))
    if (node.at("name") == name) return node;
  throw std::out_of_range("no node " + name);
}

const json& parameter_called(const json& graph, const std::string& name) {
  for (const json& parameter : graph.at("parameters"))
    if (parameter.at("name") == name) return parameter;
  throw std::out_of_range("no parameter " + name);
}

// Weights that the signs of its taps call live, counted by pairs of maps.
std::size_t live_weights(const json& parameter) {
  const std::vector<int> shape = parameter.at("shape");
  std::size_t all = 1;
  for (const int extent : shape) all *= static_cast<std::size_t>(extent);
  if (!parameter.contains("mask")) return all;
  const int groups = parameter.at("mask").at("groups");
  std::size_t live = 0;
  for (int o = 0; o < shape[0]; ++o)
    for (int i = 0; i < shape[1]; ++i)
      for (const std::string row : parameter.at("mask").at("live"))
        for (const char sign : row) {
          const int to = o * groups / shape[0], from = i * groups / shape[1];
          live += sign == '1' || (sign == '=' && from <= to) || (sign == '<' && from < to);
        }
  return live;
}

TEST(Graph, NamesEveryNodeOnceAndAfterItsInputs) {
  for (const char* kind : {"residual", "gated", "gated_skips", "row_lstm", "diagonal_lstm", "attention"}) {
    const json graph = graph_of(config_of(kind));
    std::set<std::string> names;
    for (const json& node : graph.at("nodes")) {
      for (const json& input : node.at("inputs")) EXPECT_TRUE(names.contains(input)) << kind << node;
      EXPECT_TRUE(names.insert(node.at("name")).second) << kind << node;
      EXPECT_GE(node.at("channels"), 1);
    }
    EXPECT_TRUE(names.contains(graph.at("logits"))) << kind;
  }
}

TEST(Graph, SaysWhichWeightsAreLive) {
  for (const int channels : {1, 3})
    for (const char* kind : {"residual", "gated_skips", "row_lstm", "diagonal_lstm", "attention"}) {
      ModelConfig config = config_of(kind);
      if (std::string(kind) == "attention")
        config.blocks = {{.block = AttentionBlockConfig{.heads = 3, .key = 4, .value = 4}}};
      const Network network = build_network(config, channels, 6, 5);
      const json graph = json::parse(network_graph(network, config.head));
      std::size_t live = 0;
      for (const json& parameter : graph.at("parameters")) live += live_weights(parameter);
      EXPECT_EQ(live, network.live_parameter_count()) << kind << channels;
      EXPECT_EQ(graph.at("groups"), channels);
    }
}

TEST(Graph, DrawsTheTapsOfAMask) {
  const json graph = graph_of(config_of("gated"), 3);
  const auto live = [&](const char* name) { return parameter_called(graph, name).at("mask").at("live"); };
  EXPECT_EQ(live("input.weight"), json({"111", "1<0", "000"}));
  EXPECT_EQ(live("input_above.weight"), json({"111", "000", "000"}));
  EXPECT_EQ(live("blocks.0.horizontal.weight"), json(std::vector<std::string>{"1=0"}));
  EXPECT_EQ(live("logits.weight"), json(std::vector<std::string>{"="}));
  EXPECT_FALSE(parameter_called(graph, "input.bias").contains("mask"));
}

TEST(Graph, SaysWhatTheArithmeticOfEachKindNeeds) {
  ModelConfig config = config_of("row_lstm");
  config.activation = Activation::kElu;
  config.slope = 0.5f;
  config.blocks = {{.block = RowLstmBlockConfig{.columns = 3, .filters = 4}},
                   {.block = DiagonalLstmBlockConfig{.filters = 2}},
                   {.block = AttentionBlockConfig{.heads = 2, .key = 9, .value = 5}},
                   {.block = MaskedConvBlockConfig{.kernel = {3, 5}, .filters = 6, .dilation = {2, 1}}}};
  const json graph = graph_of(config);
  EXPECT_EQ(graph.at("condition"), json({{"classes", 5}}));
  EXPECT_EQ(node_called(graph, "input.activation").at("function"), "elu");
  EXPECT_EQ(node_called(graph, "input.activation").at("slope"), 0.5);
  const json& rows = node_called(graph, "blocks.0.state");
  EXPECT_EQ(rows.at("path"), "rows");
  EXPECT_EQ(rows.at("states"), json({{-1, -1}, {-1, 0}, {-1, 1}}));
  EXPECT_EQ(rows.at("cell_before"), json({-1, 0}));
  EXPECT_EQ(rows.at("down"), 0);
  EXPECT_EQ(rows.at("weight"), "blocks.0.state.weight");
  EXPECT_EQ(node_called(graph, "blocks.0.input.condition").at("kind"), "class_vector");
  const json& back = node_called(graph, "blocks.1.state_back");
  EXPECT_EQ(back.at("path"), "diagonal_back");
  EXPECT_EQ(back.at("down"), 1);
  const json& attention = node_called(graph, "blocks.2.attention");
  EXPECT_EQ(attention.at("heads"), 2);
  EXPECT_EQ(attention.at("scale"), 1.0 / 3.0);
  EXPECT_EQ(node_called(graph, "blocks.2.attention.dropout").at("rate"), 0.25);
  const json& conv = node_called(graph, "blocks.3.conv");
  EXPECT_EQ(conv.at("kernel"), json({3, 5}));
  EXPECT_EQ(conv.at("dilation"), json({2, 1}));
}

TEST(Graph, SaysHowTheHeadCodesLevels) {
  ModelConfig config = config_of("residual");
  EXPECT_EQ(graph_of(config).at("head"),
            json({{"kind", "softmax"}, {"levels", 4}, {"first_value", -1.0}, {"last_value", 1.0}}));
  config.head = {.kind = HeadKind::kBernoulli};
  EXPECT_EQ(graph_of(config).at("head"),
            json({{"kind", "bernoulli"}, {"levels", 2}, {"first_value", 0.0}, {"last_value", 1.0}}));
  config.head = {.kind = HeadKind::kLogisticMixture, .levels = 256, .mixtures = 3, .forecast = true};
  const json graph = graph_of(config);
  EXPECT_EQ(graph.at("head").at("mixtures"), 3);
  EXPECT_EQ(graph.at("head").at("forecast"), true);
  EXPECT_EQ(graph.at("head").at("least_log_scale"), -7.0);
  EXPECT_EQ(node_called(graph, graph.at("logits")).at("inputs"), json({"logits", "forecast"}));
}

TEST(Graph, RefusesTwoNodesOfOneName) {
  NetworkBuilder builder(1, 4, 4, Activation::kRelu, 0.0f);
  const int first = builder.masked_conv("conv", 0, MaskType::kA, {3, 3}, 2);
  const Network network =
      std::move(builder).finish(builder.masked_conv("conv", first, MaskType::kB, {1, 1}, 1));
  EXPECT_THROW((void)network_graph(network, {}), std::logic_error);
}

}  // namespace
}  // namespace pcnn

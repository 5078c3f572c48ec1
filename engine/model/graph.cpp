#include "engine/model/graph.h"

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "engine/model/logistic_mixture_head.h"
#include "engine/model/mask_name.h"

namespace pcnn {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Activation function) {
  switch (function) {
    case Activation::kRelu:
      return "relu";
    case Activation::kLeakyRelu:
      return "leaky_relu";
    case Activation::kElu:
      return "elu";
    case Activation::kTanh:
      return "tanh";
    case Activation::kSigmoid:
      break;
  }
  return "sigmoid";
}

const char* name_of(LstmPath path) {
  switch (path) {
    case LstmPath::kRows:
      return "rows";
    case LstmPath::kDiagonal:
      return "diagonal";
    case LstmPath::kDiagonalBack:
      break;
  }
  return "diagonal_back";
}

char sign_of(GroupsRead groups) {
  switch (groups) {
    case GroupsRead::kNone:
      return '0';
    case GroupsRead::kEarlier:
      return '<';
    case GroupsRead::kUpToOwn:
      return '=';
    case GroupsRead::kOwn:
      return 'o';
    case GroupsRead::kAll:
      break;
  }
  return '1';
}

// A text for each row of the kernel, a sign for each tap.
Json live_taps(const Parameter& parameter) {
  Json rows = Json::array();
  const int height = parameter.shape[2], width = parameter.shape[3];
  for (int row = 0; row < height; ++row) {
    std::string signs;
    for (int column = 0; column < width; ++column)
      signs += sign_of(groups_read(parameter.mask, height, width, row, column));
    rows.push_back(signs);
  }
  return rows;
}

Json place(const Tap& tap) {
  return Json::array({tap.down, tap.right});
}

// The kind of an op, and what its arithmetic needs beside its inputs.
struct Describe {
  const Network& network;

  [[nodiscard]] const std::string& parameter(int index) const {
    return network.parameters[to_index(index)].name;
  }
  [[nodiscard]] int channels(int node) const { return network.node(node).channels; }

  Json operator()(const ImageOp&) const { return {{"kind", "image"}}; }
  Json operator()(const GivenMapsOp&) const { return {{"kind", "given_maps"}}; }
  Json operator()(const PositionsOp&) const { return {{"kind", "positions"}}; }
  Json operator()(const AddOp&) const { return {{"kind", "add"}}; }
  Json operator()(const ConcatenationOp&) const { return {{"kind", "concatenation"}}; }
  Json operator()(const GateOp&) const { return {{"kind", "gate"}}; }
  Json operator()(const DropoutOp& op) const { return {{"kind", "dropout"}, {"rate", op.rate}}; }
  Json operator()(const MaskedConvOp& op) const {
    return {{"kind", "masked_conv"},
            {"kernel", {op.kernel_height, op.kernel_width}},
            {"dilation", {op.row_dilation, op.column_dilation}},
            {"weight", parameter(op.weight)},
            {"bias", parameter(op.bias)}};
  }
  Json operator()(const ActivationOp& op) const {
    Json json{{"kind", "activation"}, {"function", name_of(op.function)}};
    if (op.function == Activation::kLeakyRelu || op.function == Activation::kElu) json["slope"] = op.slope;
    return json;
  }
  Json operator()(const EmbeddingOp& op) const {
    return {{"kind", "embedding"}, {"levels", op.levels}, {"table", parameter(op.table)}};
  }
  Json operator()(const ConditionOp& op) const {
    return {{"kind", op.classes > 0 ? "class_vector" : "number_vector"}, {"table", parameter(op.table)}};
  }
  Json operator()(const LstmOp& op) const {
    Json states = Json::array();
    for (const Tap& tap : op.states()) states.push_back(place(tap));
    return {{"kind", "lstm"},
            {"path", name_of(op.path)},
            {"states", states},
            {"cell_before", place(op.cell_before())},
            {"forget_offset", 1.0},
            {"down", op.down},
            {"weight", parameter(op.weight)}};
  }
  Json operator()(const AttentionOp& op) const {
    return {
        {"kind", "attention"}, {"heads", op.heads}, {"scale", 1.0 / std::sqrt(channels(op.key) / op.heads)}};
  }
};

Json describe(const Node& node, const Network& network) {
  Json json{{"name", node.name}};
  json.update(std::visit(Describe{network}, node.op));
  Json names = Json::array();
  for (const int input : inputs(node.op)) names.push_back(network.node(input).name);
  json["inputs"] = names;
  json["channels"] = node.channels;
  return json;
}

Json describe(const Parameter& parameter) {
  Json json{{"name", parameter.name}, {"shape", parameter.shape}};
  if (parameter.is_kernel && parameter.mask.type != MaskType::kNone)
    json["mask"] = {{"kind", name_of(parameter.mask.type)},
                    {"groups", parameter.mask.groups},
                    {"live", live_taps(parameter)}};
  return json;
}

Json describe(const HeadConfig& config, int image_channels) {
  const std::unique_ptr<const OutputHead> head = make_output_head(config, image_channels);
  Json json{{"kind", ""},
            {"levels", head->levels()},
            {"first_value", head->value(0)},
            {"last_value", head->value(head->levels() - 1)}};
  switch (config.kind) {
    case HeadKind::kBernoulli:
      json["kind"] = "bernoulli";
      break;
    case HeadKind::kSoftmax:
      json["kind"] = "softmax";
      break;
    case HeadKind::kLogisticMixture:
      json["kind"] = "logistic_mixture";
      json["mixtures"] = config.mixtures;
      json["forecast"] = config.forecast;
      json["least_log_scale"] = LogisticMixtureHead::least_log_scale(head->levels());
  }
  return json;
}

Json describe(const Condition& condition) {
  if (condition.classes > 0) return {{"classes", condition.classes}};
  if (condition.vector > 0) return {{"vector", condition.vector}};
  if (condition.maps > 0) return {{"maps", condition.maps}};
  return nullptr;
}

}  // namespace

std::string network_graph(const Network& network, const HeadConfig& head) {
  Json nodes = Json::array(), parameters = Json::array();
  std::set<std::string> names;
  for (const Node& node : network.nodes) {
    if (!names.insert(node.name).second) throw std::logic_error("two nodes are called " + node.name);
    nodes.push_back(describe(node, network));
  }
  for (const Parameter& parameter : network.parameters) parameters.push_back(describe(parameter));
  const Json json{{"format", "pcnn graph 1"},
                  {"image",
                   {{"channels", network.image_channels},
                    {"rows", network.image_height},
                    {"columns", network.image_width}}},
                  {"groups", network.groups},
                  {"condition", describe(network.condition)},
                  {"head", describe(head, network.image_channels)},
                  {"nodes", nodes},
                  {"parameters", parameters},
                  {"logits", network.node(network.logits).name}};
  return json.dump(1) + "\n";
}

}  // namespace pcnn

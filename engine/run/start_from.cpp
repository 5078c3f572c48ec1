#include "engine/run/start_from.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"
#include "engine/run/sweep_hint.h"
#include "engine/run/trained_model.h"

namespace pcnn {
namespace {

using ByName = std::unordered_map<std::string_view, const Parameter*>;

ByName by_name(const Network& network) {
  ByName all;
  for (const Parameter& parameter : network.parameters) all.emplace(parameter.name, &parameter);
  return all;
}

std::string shape_text(const Parameter& parameter) {
  return fmt::format("{}", fmt::join(parameter.shape, "x"));
}

// What keeps the parameters of one network from being those of another, a line for each.
std::vector<std::string> differences(const Network& from, const Network& to) {
  const ByName in_from = by_name(from), in_to = by_name(to);
  std::vector<std::string> all;
  for (const Parameter& wanted : to.parameters) {
    const auto found = in_from.find(wanted.name);
    if (found == in_from.end())
      all.push_back(fmt::format("{}: not in it, this network needs {}", wanted.name, shape_text(wanted)));
    else if (found->second->shape != wanted.shape)
      all.push_back(fmt::format("{}: found {}, this network needs {}", wanted.name,
                                shape_text(*found->second), shape_text(wanted)));
  }
  for (const Parameter& found : from.parameters)
    if (!in_to.contains(found.name))
      all.push_back(
          fmt::format("{}: found {}, this network has no such layer", found.name, shape_text(found)));
  return all;
}

// The convolutions of one network that read other pixels than those of the other with the same weights.
std::string note_on_dilations(const Network& from, const Network& to) {
  const auto convolutions = [](const Network& network) {
    std::unordered_map<std::string_view, const MaskedConvOp*> all;
    for (const Node& node : network.nodes)
      if (const auto* op = std::get_if<MaskedConvOp>(&node.op)) all.emplace(node.name, op);
    return all;
  };
  const auto in_from = convolutions(from);
  std::vector<std::string_view> other;
  for (const Node& node : to.nodes) {
    const auto found = in_from.find(node.name);
    const auto* op = std::get_if<MaskedConvOp>(&node.op);
    if (op && found != in_from.end() &&
        (op->row_dilation != found->second->row_dilation ||
         op->column_dilation != found->second->column_dilation))
      other.push_back(node.name);
  }
  if (other.empty()) return "";
  return fmt::format(
      "{}{} of another dilation than where {} parameters come from", other.front(),
      other.size() > 1 ? fmt::format(" and {} more convolutions are", other.size() - 1) : " is",
      other.size() > 1 ? "their" : "its");
}

// The attentions whose maps, of the same number, make another number of heads.
std::string note_on_heads(const Network& from, const Network& to) {
  std::unordered_map<std::string_view, int> heads;
  for (const Node& node : from.nodes)
    if (const auto* op = std::get_if<AttentionOp>(&node.op)) heads.emplace(node.name, op->heads);
  for (const Node& node : to.nodes)
    if (const auto* op = std::get_if<AttentionOp>(&node.op))
      if (const auto found = heads.find(node.name); found != heads.end() && found->second != op->heads)
        return fmt::format("{} has {} heads, and {} where its parameters come from", node.name, op->heads,
                           found->second);
  return "";
}

std::string joined(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + "; " + b;
}

TrainedModel load(const std::string& run_or_checkpoint) {
  try {
    refuse_sweep(run_or_checkpoint, "train.start_from=");
    return load_trained_model(run_or_checkpoint);
  } catch (const Error& error) {
    throw ConfigError(fmt::format("train.start_from: {}", error.what()));
  }
}

}  // namespace

StartParameters start_parameters(const std::string& run_or_checkpoint, const Network& network) {
  const TrainedModel model = load(run_or_checkpoint);
  const std::vector<std::string> reasons = differences(model.network, network);
  if (!reasons.empty())
    throw ConfigError(fmt::format(
        "train.start_from: {}: {}{}", model.path, reasons.front(),
        reasons.size() == 1 ? "" : fmt::format("; {} of its parameters differ so", reasons.size())));
  std::vector<float> values(network.parameter_count());
  const ByName in_model = by_name(model.network);
  for (const Parameter& parameter : network.parameters)
    std::copy_n(model.parameters.begin() + static_cast<std::ptrdiff_t>(in_model.at(parameter.name)->offset),
                parameter.size, values.begin() + static_cast<std::ptrdiff_t>(parameter.offset));
  zero_dead_weights(network, values);
  return {.path = model.path,
          .values = std::move(values),
          .note = joined(model.note, joined(note_on_dilations(model.network, network),
                                            note_on_heads(model.network, network)))};
}

}  // namespace pcnn

#pragma once

// The ops a network may be made of: a closed list. Each has a file of its own here, with its answers to what
// answers.h asks; how it is computed is said in compile/.

#include <string>
#include <variant>
#include <vector>

#include "engine/model/ops/activation.h"
#include "engine/model/ops/add.h"
#include "engine/model/ops/image.h"
#include "engine/model/ops/masked_conv.h"

namespace pcnn {

using Op = std::variant<ImageOp, MaskedConvOp, ActivationOp, AddOp>;

// What the op answers, whichever it is.
[[nodiscard]] inline std::vector<Reads> reads(const Op& op) {
  return std::visit([](const auto& any) { return any.reads(); }, op);
}
[[nodiscard]] inline Sight own_sight(const Op& op) {
  return std::visit([](const auto& any) { return any.own_sight(); }, op);
}
[[nodiscard]] inline std::vector<ParameterScale> parameters(const Op& op, int channels) {
  return std::visit([=](const auto& any) { return any.parameters(channels); }, op);
}
[[nodiscard]] inline double input_gain(const Op& op) {
  return std::visit([](const auto& any) { return any.input_gain(); }, op);
}
[[nodiscard]] inline int summands(const Op& op) {
  return std::visit([](const auto& any) { return any.summands(); }, op);
}
[[nodiscard]] inline std::string title(const Op& op) {
  return std::visit([](const auto& any) { return any.title(); }, op);
}
[[nodiscard]] inline std::string formula(const Op& op, std::span<const std::string> inputs) {
  return std::visit([=](const auto& any) { return any.formula(inputs); }, op);
}
[[nodiscard]] inline std::optional<LayerSummary> summary(const Op& op, const Network& network, int node) {
  return std::visit([&](const auto& any) { return any.summary(network, node); }, op);
}

// The nodes it reads.
[[nodiscard]] std::vector<int> inputs(const Op& op);

}  // namespace pcnn

#include "engine/model/ops/op.h"

namespace pcnn {
namespace {

// Says by name what a new op has not answered yet.
template <typename AnOp>
constexpr bool answers_all(const std::variant<AnOp>*) {
  using Names = std::span<const std::string>;
  static_assert(
      requires(const AnOp& op) { op.reads(); }, "the op has no reads()");
  static_assert(
      requires(AnOp & op, std::span<const int> nodes) { op.renumber(nodes); }, "the op has no renumber()");
  static_assert(
      requires(const AnOp& op) { op.own_sight(); }, "the op has no own_sight()");
  static_assert(
      requires(const AnOp& op) { op.own_taps(); }, "the op has no own_taps()");
  static_assert(
      requires(const AnOp& op) { op.parameters(1); }, "the op has no parameters()");
  static_assert(
      requires(const AnOp& op) { op.input_gain(); }, "the op has no input_gain()");
  static_assert(
      requires(const AnOp& op) { op.summands(); }, "the op has no summands()");
  static_assert(
      requires(const AnOp& op) { op.title(); }, "the op has no title()");
  static_assert(
      requires(const AnOp& op, Names names) { op.formula(names); }, "the op has no formula()");
  static_assert(
      requires(const AnOp& op, const Network& network) { op.summary(network, 1); },
      "the op has no summary()");
  return true;
}
template <typename... Ops>
constexpr bool all_answer(const std::variant<Ops...>*) {
  return (answers_all(static_cast<const std::variant<Ops>*>(nullptr)) && ...);
}
static_assert(all_answer(static_cast<const Op*>(nullptr)));

}  // namespace

std::vector<Reads> reads(const Op& op) {
  return std::visit([](const auto& any) { return any.reads(); }, op);
}

void renumber(Op& op, std::span<const int> nodes) {
  std::visit([=](auto& any) { any.renumber(nodes); }, op);
}

Sight own_sight(const Op& op) {
  return std::visit([](const auto& any) { return any.own_sight(); }, op);
}

std::vector<Tap> own_taps(const Op& op) {
  return std::visit([](const auto& any) { return any.own_taps(); }, op);
}

std::vector<ParameterScale> parameters(const Op& op, int channels) {
  return std::visit([=](const auto& any) { return any.parameters(channels); }, op);
}

double input_gain(const Op& op) {
  return std::visit([](const auto& any) { return any.input_gain(); }, op);
}

int summands(const Op& op) {
  return std::visit([](const auto& any) { return any.summands(); }, op);
}

std::string title(const Op& op) {
  return std::visit([](const auto& any) { return any.title(); }, op);
}

std::string formula(const Op& op, std::span<const std::string> inputs) {
  return std::visit([=](const auto& any) { return any.formula(inputs); }, op);
}

std::optional<LayerSummary> summary(const Op& op, const Network& network, int node) {
  return std::visit([&](const auto& any) { return any.summary(network, node); }, op);
}

std::vector<int> inputs(const Op& op) {
  std::vector<int> nodes;
  for (const Reads& input : reads(op)) nodes.push_back(input.node);
  return nodes;
}

}  // namespace pcnn

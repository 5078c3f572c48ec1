#include "engine/compile/steps.h"

#include "engine/core/index.h"
#include "engine/model/sight.h"

namespace pcnn {
namespace {

class Fusion {
 public:
  Fusion(const Network& network, bool sums)
      : network_(network),
        fuses_sums_(sums),
        sights_(sights(network)),
        readers_(network.nodes.size()),
        computed_(network.nodes.size(), false) {
    for (int node = 0; node < static_cast<int>(network.nodes.size()); ++node)
      for (const int input : inputs(network.node(node).op)) readers_[to_index(input)].push_back(node);
    computed_[0] = true;
  }

  std::vector<Step> steps() {
    for (int node = 1; node < static_cast<int>(network_.nodes.size()); ++node)
      if (!computed_[to_index(node)])
        std::visit([&](const auto& op) { append(node, op); }, network_.node(node).op);
    return std::move(steps_);
  }

 private:
  void append(int, const ImageOp&) {}
  void append(int node, const GivenMapsOp&) { computed_[to_index(node)] = true; }

  void append(int node, const MaskedConvOp& op) {
    ConvStep step{.op = op, .taps = op.taps(), .conv = node, .before_sum = node, .dst = node};
    if (op.exact) return append_step(std::move(step));
    if (const int reader = only_reader<ActivationOp>(node); reader >= 0) {
      step.activation = std::get<ActivationOp>(network_.node(reader).op);
      step.before_sum = step.dst = reader;
    }
    if (const int sum = fuses_sums_ ? only_reader<AddOp>(step.dst) : -1; sum >= 0) {
      const AddOp& add = std::get<AddOp>(network_.node(sum).op);
      const int other = add.a == step.dst ? add.b : add.a;
      // The sum is computed where the convolution is: the other operand must be there by then, and a place
      // that waits for it must not hold the convolution back.
      if (computed_[to_index(other)] && sights_[to_index(other)] <= sights_[to_index(node)]) {
        step.skip = other;
        step.dst = sum;
      }
    }
    for (const int done : {node, step.before_sum, step.dst}) computed_[to_index(done)] = true;
    append_step(std::move(step));
  }

  void append(int node, const ActivationOp& op) { append_step(ActivationStep{.op = op, .dst = node}); }
  void append(int node, const EmbeddingOp& op) { append_step(EmbeddingStep{.op = op, .dst = node}); }
  void append(int node, const GateOp& op) { append_step(GateStep{.op = op, .dst = node}); }
  void append(int node, const DropoutOp& op) { append_step(DropoutStep{.op = op, .dst = node}); }
  void append(int node, const ConcatenationOp& op) { append_step(ConcatenationStep{.op = op, .dst = node}); }
  void append(int node, const AttentionOp& op) { append_step(AttentionStep{.op = op, .dst = node}); }
  void append(int node, const PositionsOp& op) { append_step(PositionsStep{.op = op, .dst = node}); }
  void append(int node, const LstmOp& op) { append_step(LstmStep{.op = op, .dst = node}); }
  void append(int node, const AddOp& op) { append_step(AddStep{.op = op, .dst = node}); }

  void append(int node, const ConditionOp& op) {
    ConditionStep step{.op = op, .condition = node, .dst = node};
    if (const int reader = only_reader<ActivationOp>(node); reader >= 0) {
      step.activation = std::get<ActivationOp>(network_.node(reader).op);
      step.dst = reader;
    }
    computed_[to_index(node)] = true;
    append_step(std::move(step));
  }

  template <typename SingleStep>
  void append_step(SingleStep step) {
    computed_[to_index(step.dst)] = true;
    step.sight = sights_[to_index(step.dst)];
    steps_.emplace_back(std::move(step));
  }

  // The node that alone reads this one, where its op is of this kind; else -1. The caller reads the logits.
  template <typename Wanted>
  [[nodiscard]] int only_reader(int node) const {
    const std::vector<int>& readers = readers_[to_index(node)];
    if (readers.size() != 1 || node == network_.logits) return -1;
    return std::holds_alternative<Wanted>(network_.node(readers[0]).op) ? readers[0] : -1;
  }

  const Network& network_;
  bool fuses_sums_;
  std::vector<Sight> sights_;
  std::vector<std::vector<int>> readers_;  // by node
  std::vector<bool> computed_;             // by a step so far
  std::vector<Step> steps_;
};

struct ReadsOf {
  std::vector<Reads> operator()(const ConvStep& step) const {
    std::vector<Reads> all = step.op.reads();
    if (step.skip >= 0) all.push_back(reads_pixel(step.skip));
    return all;
  }
  std::vector<Reads> operator()(const ActivationStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const AddStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const GateStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const DropoutStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const ConcatenationStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const AttentionStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const PositionsStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const LstmStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const EmbeddingStep& step) const { return step.op.reads(); }
  std::vector<Reads> operator()(const ConditionStep& step) const { return step.op.reads(); }
};

}  // namespace

std::vector<Step> fuse_steps(const Network& network, bool sums) {
  return Fusion(network, sums).steps();
}

std::vector<Reads> reads(const Step& step) {
  return std::visit(ReadsOf{}, step);
}

std::vector<Tap> own_taps(const Step& step) {
  return std::visit([](const auto& any) { return any.op.own_taps(); }, step);
}

int dst_of(const Step& step) {
  return std::visit([](const auto& any) { return any.dst; }, step);
}

Sight sight_of(const Step& step) {
  return std::visit([](const auto& any) { return any.sight; }, step);
}

}  // namespace pcnn

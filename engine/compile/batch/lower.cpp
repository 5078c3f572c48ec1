// Steps -> plan: the forward pass in their order, then the backward pass in reverse, each node's gradient
// summed over the steps that read it.

#include "engine/compile/batch/ops/lower_op.h"
#include "engine/compile/batch/plan.h"
#include "engine/core/index.h"
#include "engine/model/logit_parts.h"

namespace pcnn {
namespace {

class Lowering {
 public:
  Lowering(PlanBuilder& plan, const Network& network, bool backward)
      : plan_(plan),
        network_(network),
        steps_(fuse_steps(network, !backward)),
        tensors_(network.nodes.size(), -1),
        convs_(network.nodes.size()),
        gates_(network.nodes.size()),
        attentions_(network.nodes.size()),
        lstms_(network.nodes.size()),
        trains_(backward),
        gradients_(network.nodes.size()),
        through_activation_(network.nodes.size(), false),
        made_by_(network.nodes.size(), steps_.size()),
        first_readers_(network.nodes.size(), steps_.size()) {
    for (std::size_t i = steps_.size(); i-- > 0;) {
      made_by_[to_index(dst_of(steps_[i]))] = i;
      for (const Reads& read : reads(steps_[i])) first_readers_[to_index(read.node)] = i;
    }
  }

  // Returns the tensor of the images.
  int image() {
    tensors_[0] = plan_.new_tensor(plain_layout(network_.shape(0, plan_.images())));
    return tensors_[0];
  }

  // Returns the tensor of the given maps, -1 where there are none.
  int given_maps() {
    const int node = given_maps_node(network_);
    if (node < 0) return -1;
    return tensors_[to_index(node)] = plan_.new_tensor(plain_layout(network_.shape(node, plan_.images())));
  }

  // Returns the tensor of the logits, plain NCHW.
  int forward() {
    for (const Step& step : steps_)
      tensors_[to_index(dst_of(step))] = std::visit([&](const auto& any) { return forward(any); }, step);
    return plan_.in_layout(tensor(network_.logits),
                           plain_layout(network_.shape(network_.logits, plan_.images())));
  }

  void backward(int diff_logits) {
    gradients_[to_index(network_.logits)].push_back(diff_logits);
    for (std::size_t i = steps_.size(); i-- > 0;) {
      at_ = i;
      const std::vector<int>& gradients = gradients_[to_index(dst_of(steps_[i]))];
      if (gradients.empty()) continue;
      int gradient = gradients.front();
      for (std::size_t k = 1; k < gradients.size(); ++k) gradient = plan_.sum(gradient, gradients[k]);
      std::visit([&](const auto& any) { backward(any, gradient); }, steps_[i]);
    }
  }

 private:
  [[nodiscard]] int tensor(int node) const { return tensors_[to_index(node)]; }

  // Of what is given, the image, maps and positions, nobody asks for it.
  [[nodiscard]] bool has_gradient(int node) const { return !inputs(network_.node(node).op).empty(); }

  // Logits, or a part of them, are f32 in every precision.
  [[nodiscard]] bool is_of_logits(int node) const {
    const LogitParts parts = logit_parts(network_);
    return node == network_.logits || node == parts.own || node == parts.forecast;
  }

  int forward(const ConvStep& step) {
    LoweredConv& lowered = convs_[to_index(step.conv)];
    const int src = tensor(step.op.src);
    if (step.op.exact) return lower_exact_conv(plan_, step, src, lowered);
    FusedOps fused{.skip = step.skip < 0 ? -1 : tensor(step.skip), .f32_result = is_of_logits(step.dst)};
    const int dst = lower_masked_conv(plan_, step, fused, src, lowered);
    if (dst >= 0) return dst;
    return plan_.sum(fused.skip, lower_masked_conv(plan_, step, {}, src, lowered));
  }

  int forward(const ActivationStep& step) {
    return lower_activation(plan_, step.dst, step.op, tensor(step.op.src));
  }

  int forward(const GateStep& step) {
    LoweredGate& gate = gates_[to_index(step.dst)];
    gate.src = tensor(step.op.src);
    return lower_gate(plan_, step.dst, gate);
  }

  int forward(const EmbeddingStep& step) { return lower_embedding(plan_, step, tensor(step.op.src)); }

  int forward(const AddStep& step) { return plan_.sum(tensor(step.op.a), tensor(step.op.b)); }

  int forward(const ConditionStep& step) { return lower_condition(plan_, step, tensor(step.op.src)); }

  int forward(const ConcatenationStep& step) {
    return lower_concatenation(plan_, step, tensor(step.op.a), tensor(step.op.b));
  }

  int forward(const AttentionStep& step) {
    LoweredAttention& attention = attentions_[to_index(step.dst)];
    attention.query = tensor(step.op.query);
    attention.key = tensor(step.op.key);
    attention.value = tensor(step.op.value);
    return lower_attention(plan_, step, attention, trains_);
  }

  int forward(const PositionsStep& step) { return lower_positions(plan_, step); }

  int forward(const LstmStep& step) {
    return lower_lstm(plan_, step, tensor(step.op.src), trains_, lstms_[to_index(step.dst)]);
  }

  int forward(const DropoutStep& step) { return lower_dropout(plan_, step, tensor(step.op.src), "forward"); }

  void backward(const ConvStep& step, int gradient) {
    const LoweredConv& lowered = convs_[to_index(step.conv)];
    if (step.op.exact) return lower_exact_conv_backward_weights(plan_, step, lowered, gradient);
    gradient = before_activation(step.activation, step.dst, gradient);
    lower_masked_conv_backward_weights(plan_, step, lowered, gradient);
    if (!has_gradient(step.op.src)) return;
    if (computes_in_blocks(plan_)) return blocked_backward(step, gradient);
    add_gradient(step.op.src, lower_masked_conv_backward_data(plan_, step, lowered, gradient));
  }

  // The source's gradient, with what others found of it so far; where nobody comes after, through its
  // activation.
  void blocked_backward(const ConvStep& step, int gradient) {
    const int src = step.op.src;
    FusedGradient fused;
    std::vector<int>& gradients = gradients_[to_index(src)];
    if (gradients.size() == 1) fused.added = gradients.front();
    if (gradients.size() < 2 && first_readers_[to_index(src)] == at_) fused.derivative = activation_of(src);
    if (fused.derivative) {
      fused.value = tensor(src);
      through_activation_[to_index(src)] = true;
    }
    if (fused.added >= 0) gradients.clear();
    add_gradient(src, lower_blocked_conv_backward_data(plan_, step, fused, gradient));
  }

  // The gradient of what the step's activation reads.
  int before_activation(const std::optional<ActivationOp>& activation, int dst, int gradient) {
    if (!activation || through_activation_[to_index(dst)]) return gradient;
    return plan_.activation_backward(*activation, tensor(dst), gradient);
  }

  // The activation that a node's value is the result of, where the value lies in blocks.
  [[nodiscard]] std::optional<ActivationOp> activation_of(int node) {
    if (!plan_.is_in_blocks(tensor(node))) return {};
    if (made_by_[to_index(node)] == steps_.size()) return {};
    const Step& step = steps_[made_by_[to_index(node)]];
    if (const auto* activation = std::get_if<ActivationStep>(&step)) return activation->op;
    if (const auto* conv = std::get_if<ConvStep>(&step)) return conv->activation;
    if (const auto* condition = std::get_if<ConditionStep>(&step)) return condition->activation;
    return {};
  }

  void backward(const ActivationStep& step, int gradient) {
    add_gradient(step.op.src, before_activation(step.op, step.dst, gradient));
  }

  void backward(const GateStep& step, int gradient) {
    add_gradient(step.op.src, lower_gate_backward(plan_, step.dst, gates_[to_index(step.dst)],
                                                  tensor(step.dst), gradient));
  }

  void backward(const EmbeddingStep& step, int gradient) {
    lower_embedding_backward(plan_, step, tensor(step.op.src), gradient);
  }

  void backward(const AddStep& step, int gradient) {
    add_gradient(step.op.a, gradient);
    add_gradient(step.op.b, gradient);
  }

  void backward(const ConditionStep& step, int gradient) {
    gradient = before_activation(step.activation, step.dst, gradient);
    lower_condition_backward_weights(plan_, step, gradient);
    add_gradient(step.op.src, gradient);
  }

  void backward(const ConcatenationStep& step, int gradient) {
    const ConcatenatedGradients parts = lower_concatenation_backward(
        plan_, step, {.a = has_gradient(step.op.a), .b = has_gradient(step.op.b)}, gradient);
    if (parts.a >= 0) add_gradient(step.op.a, parts.a);
    if (parts.b >= 0) add_gradient(step.op.b, parts.b);
  }

  void backward(const AttentionStep& step, int gradient) {
    const auto diffs =
        lower_attention_backward(plan_, step, attentions_[to_index(step.dst)], tensor(step.dst), gradient);
    add_gradient(step.op.query, diffs.query);
    add_gradient(step.op.key, diffs.key);
    add_gradient(step.op.value, diffs.value);
  }

  void backward(const PositionsStep&, int) {}

  void backward(const LstmStep& step, int gradient) {
    add_gradient(step.op.src,
                 lower_lstm_backward(plan_, step, lstms_[to_index(step.dst)], tensor(step.dst), gradient));
  }

  void backward(const DropoutStep& step, int gradient) {
    add_gradient(step.op.src, lower_dropout(plan_, step, gradient, "backward data"));
  }

  void add_gradient(int node, int gradient) { gradients_[to_index(node)].push_back(gradient); }

  PlanBuilder& plan_;
  const Network& network_;
  std::vector<Step> steps_;
  std::vector<int> tensors_;  // node -> tensor of its value; nodes inside a step have none
  std::vector<LoweredConv> convs_;
  std::vector<LoweredGate> gates_;
  std::vector<LoweredAttention> attentions_;
  std::vector<LoweredLstm> lstms_;
  bool trains_;
  std::vector<std::vector<int>> gradients_;  // node -> tensors whose sum is its gradient
  std::vector<bool> through_activation_;     // node -> its gradient is that of what its activation reads
  // Node -> index of the step; the number of steps where there is none.
  std::vector<std::size_t> made_by_, first_readers_;
  std::size_t at_ = 0;  // index of the step whose backward pass is lowered
};

}  // namespace

Plan lower(const dnnl::engine& engine, const Network& network, int images, bool backward,
           const CompileOptions& options) {
  PlanBuilder plan(engine, network, images, options);
  Lowering lowering(plan, network, backward);

  const int image = lowering.image(), given_maps = lowering.given_maps();
  plan.caller({}, given_maps < 0 ? std::vector{image} : std::vector{image, given_maps});
  const int logits = lowering.forward();
  const std::size_t backward_begin = plan.step_count();
  if (!backward) {
    plan.caller(std::vector{logits}, {});
    return std::move(plan).finish({image, given_maps, logits, -1}, backward_begin);
  }
  const int diff_logits = plan.new_tensor(plan.desc(logits));
  plan.caller(std::vector{logits}, std::vector{diff_logits});
  lowering.backward(diff_logits);
  return std::move(plan).finish({image, given_maps, logits, diff_logits}, backward_begin);
}

}  // namespace pcnn

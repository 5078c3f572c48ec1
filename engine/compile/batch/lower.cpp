// Network -> plan: the forward pass in node order, an activation (and in scoring a skip) fused into the
// convolution it follows, then the backward pass in reverse, each node's gradient summed over the ops that
// read it.

#include <optional>

#include "engine/compile/batch/ops/lower_op.h"
#include "engine/compile/batch/plan.h"
#include "engine/compile/readers.h"

namespace pcnn {
namespace {

class Lowering {
 public:
  Lowering(PlanBuilder& plan, const Network& network, bool backward)
      : plan_(plan),
        network_(network),
        fuses_skips_(!backward),
        tensors_(network.nodes.size(), -1),
        absorbed_(network.nodes.size(), false),
        convs_(network.nodes.size()),
        readers_(network),
        gradients_(network.nodes.size()) {}

  // Returns the tensor of the images.
  int image() {
    tensors_[0] = plan_.new_tensor(plain_layout(network_.shape(0, plan_.images())));
    return tensors_[0];
  }

  // Returns the tensor of the logits, plain NCHW.
  int forward() {
    for (std::size_t node = 1; node < network_.nodes.size(); ++node)
      if (tensors_[node] < 0 && !absorbed_[node])
        std::visit([&](const auto& op) { forward(static_cast<int>(node), op); }, network_.nodes[node].op);
    return plan_.in_layout(tensors_[at(network_.logits)],
                           plain_layout(network_.shape(network_.logits, plan_.images())));
  }

  void backward(int diff_logits) {
    gradients_[at(network_.logits)].push_back(diff_logits);
    for (std::size_t node = network_.nodes.size(); node-- > 1;) {
      if (gradients_[node].empty()) continue;
      int gradient = gradients_[node].front();
      for (std::size_t i = 1; i < gradients_[node].size(); ++i)
        gradient = plan_.sum(gradient, gradients_[node][i]);
      std::visit([&](const auto& op) { backward(static_cast<int>(node), op, gradient); },
                 network_.nodes[node].op);
    }
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  void forward(int, const InputOp&) {}

  void forward(int node, const MaskedConvOp& op) {
    FusedOps fused;
    int result = node;
    if (const int reader = readers_.only<ActivationOp>(node); reader >= 0) {
      fused.activation = &std::get<ActivationOp>(network_.nodes[at(reader)].op);
      result = reader;
    }
    const int src = tensors_[at(op.src)];
    if (const int sum = fuses_skips_ ? readers_.only<AddOp>(result) : -1; sum >= 0) {
      const AddOp& add = std::get<AddOp>(network_.nodes[at(sum)].op);
      fused.skip = tensors_[at(add.a == result ? add.b : add.a)];
      fused.f32_result = sum == network_.logits;
      if (fused.skip >= 0)
        tensors_[at(sum)] = lower_masked_conv(plan_, node, op, fused, src, convs_[at(node)]);
      if (tensors_[at(sum)] >= 0) {
        absorbed_[at(result)] = true;
        return;
      }
      fused.skip = -1;
    }
    fused.f32_result = result == network_.logits;
    tensors_[at(result)] = lower_masked_conv(plan_, node, op, fused, src, convs_[at(node)]);
  }

  void forward(int node, const ActivationOp& op) {
    tensors_[at(node)] = lower_activation(plan_, node, op, tensors_[at(op.src)]);
  }

  void forward(int node, const AddOp& op) {
    tensors_[at(node)] = plan_.sum(tensors_[at(op.a)], tensors_[at(op.b)]);
  }

  void backward(int, const InputOp&, int) {}

  void backward(int node, const MaskedConvOp& op, int gradient) {
    lower_masked_conv_backward_weights(plan_, node, op, convs_[at(node)], gradient);
    if (op.src != 0)  // nobody asks for the gradient of the image
      gradients_[at(op.src)].push_back(
          lower_masked_conv_backward_data(plan_, node, op, convs_[at(node)], gradient));
  }

  void backward(int node, const ActivationOp& op, int gradient) {
    gradients_[at(op.src)].push_back(plan_.activation_backward(op, tensors_[at(node)], gradient));
  }

  void backward(int, const AddOp& op, int gradient) {
    gradients_[at(op.a)].push_back(gradient);
    gradients_[at(op.b)].push_back(gradient);
  }

  PlanBuilder& plan_;
  const Network& network_;
  bool fuses_skips_;          // not in training: the activation's backward pass reads what the sum would hide
  std::vector<int> tensors_;  // node -> tensor of its value; a fused convolution has none
  std::vector<bool> absorbed_;  // computed inside a later node's primitive, without a tensor of its own
  std::vector<LoweredConv> convs_;
  Readers readers_;
  std::vector<std::vector<int>> gradients_;  // node -> tensors whose sum is its gradient
};

}  // namespace

Plan lower(const dnnl::engine& engine, const Network& network, int images, bool backward,
           const CompileOptions& options) {
  PlanBuilder plan(engine, network, images, options);
  Lowering lowering(plan, network, backward);

  const int image = lowering.image();
  plan.caller({}, std::vector{image});
  const int logits = lowering.forward();
  const std::size_t backward_begin = plan.step_count();
  if (!backward) {
    plan.caller(std::vector{logits}, {});
    return std::move(plan).finish(image, logits, -1, backward_begin);
  }
  const int diff_logits = plan.new_tensor(plan.desc(logits));
  plan.caller(std::vector{logits}, std::vector{diff_logits});
  lowering.backward(diff_logits);
  return std::move(plan).finish(image, logits, diff_logits, backward_begin);
}

}  // namespace pcnn

#pragma once

#include <span>
#include <vector>

#include "engine/compile/batch/program.h"
#include "engine/model/network.h"

namespace pcnn::testing {

// A program with its weights and one workspace, on the calling thread.
class Compiled {
 public:
  Compiled(const Network& network, int images, std::span<const float> parameters,
           Purpose purpose = Purpose::kTraining, const CompileOptions& options = {})
      : network_(network),
        program_(network, images, purpose, options),
        packed_(program_.new_packed_weights()),
        workspace_(program_, packed_) {
    program_.pack(parameters, packed_);
  }

  std::vector<float> forward(std::span<const float> images, const Given& given = {},
                             const DropoutKey& dropout = {}) {
    std::vector<float> logits(network_.shape(network_.logits, program_.images()).size());
    program_.forward(workspace_, images, logits, given, dropout);
    return logits;
  }

  // After forward(). Dead weights' gradients are zeroed.
  std::vector<float> backward(std::span<const float> diff_logits) {
    std::vector<float> gradients(network_.parameter_count());
    program_.backward(workspace_, diff_logits, gradients);
    zero_dead_weights(network_, gradients);
    return gradients;
  }

  const Program& program() const { return program_; }
  PackedWeights& packed() { return packed_; }
  Workspace& workspace() { return workspace_; }

 private:
  Network network_;
  Program program_;
  PackedWeights packed_;
  Workspace workspace_;
};

}  // namespace pcnn::testing

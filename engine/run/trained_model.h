#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/run/run_config.h"

namespace pcnn {

// A network with its parameters, as a run left it.
struct TrainedModel {
  std::string path;           // of the checkpoint
  std::string resolved_yaml;  // the config of the run, every key of it
  RunConfig config;
  Network network;
  std::unique_ptr<const OutputHead> head;
  std::vector<float> parameters;  // those to score and sample with: the average where one was kept
  std::string note;               // for the user: see Checkpoint::note()
  std::string train_images = {};  // fingerprint() of those it trained on; empty where the checkpoint has none
};

// run_or_checkpoint: a run directory, whose best.safetensors is taken (or its checkpoint.safetensors before
// the first epoch has ended), or a checkpoint file. No data set is needed. Throws ConfigError, FileError or
// FormatError.
// FormatError also where a parameter is not finite or beyond kLargestParameter, which no training that ended
// well comes near: whoever asks for such a model gets this answer, in the same words.
inline constexpr float kLargestParameter = 1e6f;
[[nodiscard]] TrainedModel load_trained_model(const std::string& run_or_checkpoint);

// Throws FormatError for a model whose parameters are finite and yet too large to compute with: `what` came
// out as numbers that are not finite.
[[noreturn]] void refuse_too_large(const TrainedModel& model, const std::string& what);

// The same network over images of another size: the parameters do not depend on it.
[[nodiscard]] Network resized(Network network, int height, int width);

}  // namespace pcnn

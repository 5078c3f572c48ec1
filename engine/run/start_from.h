#pragma once

#include <string>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

struct StartParameters {
  std::string path;  // of the checkpoint
  std::vector<float> values;
  std::string note;  // for the user; empty where there is nothing to say
};

// The parameters a run begins with where its config has train.start_from: those that score and sample (see
// load_trained_model()) of the model at `run_or_checkpoint`, dead weights zero. Nothing else of the model
// matters: its images may be of another size, its data others. Throws ConfigError where its parameters are
// not the network's by name and shape, naming the first that is not; and for what load_trained_model()
// refuses.
[[nodiscard]] StartParameters start_parameters(const std::string& run_or_checkpoint, const Network& network);

}  // namespace pcnn

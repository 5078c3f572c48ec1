#pragma once

#include <string>
#include <vector>

#include "engine/compile/causality.h"
#include "engine/run/console.h"

namespace pcnn {

// What `pcnn-inspect` was asked for.
struct InspectOptions {
  std::string network;                 // a config, a run directory, or a checkpoint named *.safetensors
  std::vector<std::string> overrides;  // key.path=value, of a config
  std::string field;                   // .png for the receptive field; empty: none
  std::string graph;       // .json for the network, see model/graph.h; "-": that alone, on standard output
  bool formulas = false;   // of every node
  int scale = 16;          // of that picture, its pixels per cell
  bool overwrite = false;  // of files that exist
  int threads = 0;         // 0: all cores this process may use
  bool verifies = true;    // causality
  Verbosity verbosity = Verbosity::kNormal;
};

// Prints the layers of a network and its receptive field, then verifies its causality: see
// compile/causality.h. That takes the parameters of a checkpoint, or random ones for a config. No data
// is needed but where a config's image size is computed from its files. Throws pcnn::Error; ComputeError
// where the network leaks, or where nothing moved that could show anything.
void inspect(const InspectOptions& options);

// Throws that ComputeError; program: what was checked, for its message.
void check_verification(const Network& network, const CausalityCheck& check, const std::string& program);

}  // namespace pcnn

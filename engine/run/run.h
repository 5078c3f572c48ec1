#pragma once

#include <string>
#include <vector>

#include "engine/ranks/ranks.h"
#include "engine/run/console.h"
#include "engine/run/run_hooks.h"

namespace pcnn {

// What `pcnn-run` was asked for.
struct RunOptions {
  std::string config;                  // path of a YAML file; empty with `resume`
  std::string resume;                  // run directory to continue; empty for a new run
  std::vector<std::string> overrides;  // key.path=value
  bool dry_run = false;                // check all that a start checks, describe, and stop; writes nothing
  Verbosity verbosity = Verbosity::kNormal;
  int progress_seconds = 30;  // between lines of progress, where standard output is no terminal
  RunHooks hooks{};
  Ranks* ranks = nullptr;  // see serve.h
};

// Trains, samples and scores as the config says. Throws pcnn::Error.
void run(const RunOptions& options);

}  // namespace pcnn

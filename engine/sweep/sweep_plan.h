#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/ranks/ranks.h"
#include "engine/run/console.h"
#include "engine/run/run_config.h"
#include "engine/sweep/sweep_config.h"
#include "engine/sweep/trial.h"

namespace pcnn {

// What `pcnn-sweep` was asked for.
struct SweepOptions {
  std::string config;                  // path of a YAML file
  std::vector<std::string> arguments;  // key=value, key=a,b,c; sweep.* among them
  std::string program;                 // pcnn-run, for the trials
  bool retry_failed = false;           // trials that failed, or lost their results, are run again
  bool dry_run = false;                // say what would be trained, and stop; writes nothing
  Verbosity verbosity = Verbosity::kNormal;
  Ranks* ranks = nullptr;  // that train the trials, see serve.h; null: this process alone
};

// A sweep thought out: what each trial is, before any is run.
struct SweepPlan {
  std::string config_path;         // of the file
  std::string config_text;         // of the file, and of what it includes
  std::vector<std::string> fixed;  // the command line's key=value, without sweep.*, name and output
  SweepConfig sweep;
  RunConfig base;  // of no trial: name, output, and threads, which the trials share out
  std::vector<Assignment> trials;

  // key=value for a trial's own values, and train.epochs where early stopping sets it.
  [[nodiscard]] std::vector<std::string> overrides(const Assignment& trial) const;
  // The trial's config in effect, with the places of the file in errors. Throws ConfigError.
  [[nodiscard]] RunConfig trial_config(const Assignment& trial) const;
  // "train.batch=8 seed=1", as messages name a trial.
  [[nodiscard]] std::string named(const Assignment& trial) const;
  // That config as YAML, but for name, output and threads; of one that is refused, the refusal.
  [[nodiscard]] std::string trial_identity(const Assignment& trial) const;
};

// Throws ConfigError for a sweep that cannot be, one whose trials' configs are all refused among them.
[[nodiscard]] SweepPlan plan_sweep(const SweepOptions& options);

}  // namespace pcnn

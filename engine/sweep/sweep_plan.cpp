#include "engine/sweep/sweep_plan.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "engine/config/config.h"
#include "engine/core/error.h"
#include "engine/sweep/sweep_arguments.h"

namespace pcnn {
namespace {

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::ranges::any_of(beginnings,
                             [&](std::string_view beginning) { return text.starts_with(beginning); });
}

std::vector<std::string> trial_overrides(const SweepPlan& plan, const Assignment& trial) {
  std::vector<std::string> overrides = plan.fixed;
  const std::vector<std::string> own = plan.overrides(trial);
  overrides.insert(overrides.end(), own.begin(), own.end());
  overrides.insert(overrides.end(), {"name=trial", "output=sweep", "threads=1"});
  return overrides;
}

// With the files that it includes, of which it keeps what counts beside the other keys.
std::string standalone_text(const std::string& path) {
  const ConfigDocument document = ConfigDocument::from_file(path);
  try {
    (void)read_run_config(document, "trial");
  } catch (const ConfigError&) {  // what the command line or the trials mend
  }
  return document.standalone_yaml();
}

// Early stopping needs to know where a trial ends by itself.
void check_early_stopping(const SweepPlan& plan, const ConfigNode& sweep) {
  if (!plan.sweep.early_stopping) return;
  const ConfigNode section = sweep.section("early_stopping");
  const bool sweeps_epochs = std::ranges::find(plan.sweep.parameters, std::string("train.epochs"),
                                               &SweptParameter::path) != plan.sweep.parameters.end();
  if (plan.sweep.early_stopping->max) {
    if (sweeps_epochs)
      section.fail(
          "max",
          "the trials' epochs, which sweep.parameters.train.epochs gives them too; accepted: one of the two");
  } else if (!plan.base.train.epochs && !sweeps_epochs) {
    section.fail("max", "missing, and train.epochs is null: one of the two says how long a trial may train");
  }
}

// The config of the first trial whose config is accepted, with the name and output of the sweep: what all
// have in common.
RunConfig read_base(const SweepPlan& plan, const std::vector<std::string>& fixed) {
  const std::string name = std::filesystem::path(plan.config_path).stem().string();
  std::string first_refusal;
  for (const Assignment& trial : plan.trials) {
    std::vector<std::string> overrides = fixed;
    for (std::string& own : plan.overrides(trial)) overrides.push_back(std::move(own));
    try {
      return read_run_config(ConfigDocument::from_file(plan.config_path, overrides), name);
    } catch (const ConfigError& error) {
      if (first_refusal.empty()) first_refusal = error.what();
    }
  }
  throw ConfigError(first_refusal);
}

}  // namespace

std::vector<std::string> SweepPlan::overrides(const Assignment& trial) const {
  std::vector<std::string> overrides;
  for (std::size_t i = 0; i < trial.size(); ++i)
    overrides.push_back(sweep.parameters[i].path + "=" + trial[i]);
  if (sweep.early_stopping && sweep.early_stopping->max)
    overrides.push_back("train.epochs=" + std::to_string(*sweep.early_stopping->max));
  return overrides;
}

RunConfig SweepPlan::trial_config(const Assignment& trial) const {
  return read_run_config(ConfigDocument::from_file(config_path, trial_overrides(*this, trial)), "trial");
}

std::string SweepPlan::named(const Assignment& trial) const {
  std::string text;
  for (std::size_t i = 0; i < trial.size(); ++i)
    text += (i == 0 ? "" : " ") + sweep.parameters[i].path + "=" + trial[i];
  return text;
}

std::string SweepPlan::trial_identity(const Assignment& trial) const {
  try {
    const ConfigDocument document =
        ConfigDocument::from_string(config_text, "sweep.yaml", trial_overrides(*this, trial));
    (void)read_run_config(document, "trial");
    return document.resolved_yaml();
  } catch (const ConfigError& error) {
    return error.what();
  }
}

SweepPlan plan_sweep(const SweepOptions& options) {
  const SweepArguments arguments = split_arguments(options.arguments);
  SweepPlan plan;
  plan.config_path = options.config;
  plan.config_text = standalone_text(options.config);
  const ConfigDocument document = ConfigDocument::from_file(options.config, arguments.fixed);
  const ConfigNode sweep = document.root().section("sweep");
  plan.sweep = read_sweep_config(sweep, arguments.swept, arguments.fixed_paths());
  plan.trials = assignments(plan.sweep);
  plan.base = read_base(plan, arguments.fixed);
  check_early_stopping(plan, sweep);
  plan.fixed = arguments.fixed;
  std::erase_if(plan.fixed, [](const std::string& text) {
    return starts_with_any(text, {"sweep.", "sweep=", "name=", "output=", "threads="});
  });
  return plan;
}

}  // namespace pcnn

#include "engine/sweep/trial_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/dataset.h"
#include "engine/run/start_check.h"

namespace pcnn {
namespace {

// The data sets of the trials, each loaded once however many share it.
class DataSets {
 public:
  // Throws ConfigError with what load_dataset() said.
  Shape shape(const RunConfig& run) {
    DataConfig config = run.data;
    if (config.levels == 0 && !config.quantised) config.binarisation = {};  // the images are the same
    auto known = std::ranges::find(known_, config, &Loaded::config);
    if (known == known_.end()) known = known_.insert(known, load(config));
    if (!known->refusal.empty()) throw ConfigError(known->refusal);
    return known->image;
  }

 private:
  struct Loaded {
    DataConfig config;
    Shape image{};
    std::string refusal{};
  };

  static Loaded load(const DataConfig& config) {
    try {
      const Dataset data = load_dataset(config);
      return {.config = config, .image = {1, data.train.channels, data.train.height, data.train.width}};
    } catch (const Error& error) {
      return {.config = config, .refusal = error.what()};
    }
  }

  std::vector<Loaded> known_;
};

struct Refusals {
  const Trial* first = nullptr;
  std::string message;
  std::size_t count = 0;
  bool all_alike = true;

  void add(const Trial& trial, const std::string& refusal) {
    if (first == nullptr) first = &trial, message = refusal;
    all_alike = all_alike && refusal == message;
    ++count;
  }
};

void add_notes(const std::vector<std::string>& notes, std::vector<std::string>& all) {
  for (const std::string& note : notes)
    if (std::ranges::find(all, note) == all.end()) all.push_back(note);
}

}  // namespace

CheckedTrials check_trials(const SweepPlan& plan, const std::vector<Trial>& trials) {
  CheckedTrials checked;
  add_notes(plan.sweep.notes, checked.notes);
  DataSets data;
  Refusals refusals;
  std::size_t waiting = 0;
  for (const Trial& trial : trials) {
    checked.parameters.push_back(0);
    if (trial.has_ended()) continue;
    ++waiting;
    try {
      const RunConfig config = plan.trial_config(trial.values);
      checked.parameters.back() =
          checked_network(config, data.shape(config), std::max(1, config.sample.count)).parameter_count();
      add_notes(config.notes, checked.notes);
    } catch (const Error& error) {
      refusals.add(trial, error.what());
    }
  }
  if (refusals.count == 0) return checked;
  if (refusals.count == waiting && refusals.all_alike && waiting > 1) throw ConfigError(refusals.message);
  const std::string others =
      refusals.count > 1 ? fmt::format("; {} of {} trials are refused", refusals.count, trials.size()) : "";
  throw ConfigError(fmt::format("trial {} ({}): {}{}", refusals.first->number,
                                plan.named(refusals.first->values), refusals.message, others));
}

}  // namespace pcnn

#include "engine/sweep/sweep_state.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/io/checksum.h"
#include "engine/io/file.h"
#include "engine/io/json_fields.h"

namespace pcnn {
namespace {

constexpr const char* kFormat = "pcnn sweep 1";

// Of the trial's config in effect: two trials of one checksum are one and the same.
std::string identity(const SweepPlan& plan, const Assignment& values) {
  Crc32 checksum;
  checksum.add_text(plan.trial_identity(values));
  return checksum.text();
}

nlohmann::ordered_json to_json(const Trial& trial, const SweepPlan& plan) {
  nlohmann::ordered_json values = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < trial.values.size(); ++i)
    values[plan.sweep.parameters[i].path] = trial.values[i];
  // What trains now will be waiting when this is read.
  const TrialState state = trial.has_ended() ? trial.state : TrialState::kWaiting;
  nlohmann::ordered_json json{{"trial", trial.number},
                              {"state", name_of(state)},
                              {"values", std::move(values)},
                              {"config", identity(plan, trial.values)}};
  if (!trial.error.empty()) json["error"] = trial.error;
  return json;
}

TrialState state_in(const JsonFields& trial) {
  const std::string name = trial.text("state");
  for (const TrialState state : {TrialState::kWaiting, TrialState::kDone, TrialState::kStopped,
                                 TrialState::kFailed, TrialState::kDiverged})
    if (name == name_of(state)) return state;
  trial.refuse("state", "waiting, done, stopped, failed or diverged");
}

std::string described(const JsonFields& values) {
  std::string text;
  for (const auto& [path, value] : values.texts())
    text += (text.empty() ? "" : " ") + shorten(path) + "=" + shorten(value);
  return text;
}

[[noreturn]] void refuse_other_sweep(const SweepDirectory& directory, const std::string& why) {
  throw ConfigError(directory.path() + ": holds another sweep (" + why +
                    "); more trials may be added, all else is a new sweep: choose name=NAME");
}

}  // namespace

std::vector<Trial> load_trials(const SweepPlan& plan, const SweepDirectory& directory) {
  std::vector<Trial> trials;
  for (const Assignment& values : plan.trials)
    trials.push_back({.number = static_cast<int>(trials.size()) + 1, .values = values});
  if (!directory.has_begun()) return trials;
  const nlohmann::json json = parse_json(directory.state(), read_text_file(directory.state()));
  const JsonFields all(directory.state(), json);
  if (all.text("format") != kFormat) all.refuse("format", fmt::format("\"{}\"", kFormat));
  const std::vector<JsonFields> known = all.objects("trials");
  if (known.size() > trials.size())
    refuse_other_sweep(directory,
                       fmt::format("of {} trials, and now there are {}", known.size(), trials.size()));
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].text("config") != identity(plan, trials[i].values))
      refuse_other_sweep(directory, fmt::format("its trial {} is {}, or has other keys beside", i + 1,
                                                described(known[i].object("values"))));
    trials[i].state = state_in(known[i]);
    trials[i].error = known[i].text("error", "");
  }
  return trials;
}

void save_trials(const std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Trial& trial : trials) list.push_back(to_json(trial, plan));
  nlohmann::ordered_json all{{"format", kFormat}};
  if (const Trial* best = best_of(trials, plan.sweep.objective)) all["best"] = best->number;
  all["trials"] = std::move(list);
  write_file_atomic(directory.state(),
                    all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace pcnn

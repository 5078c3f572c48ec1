#include "engine/sweep/sweep_state.h"

#include <fmt/format.h>

#include <map>
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
                              {"config", trial.identity}};
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

void take_state(Trial& trial, const JsonFields& known) {
  trial.state = state_in(known);
  trial.error = known.text("error", "");
}

// sweep.json, read and checked as far as all its readers need it.
class StateFile {
 public:
  explicit StateFile(const SweepDirectory& directory)
      : json_(parse_json(directory.state(), read_text_file(directory.state()))),
        all_(directory.state(), json_) {
    if (all_.text("format") != kFormat) all_.refuse("format", fmt::format("\"{}\"", kFormat));
    trials_ = all_.objects("trials");
  }
  [[nodiscard]] const std::vector<JsonFields>& trials() const { return trials_; }

 private:
  nlohmann::json json_;
  JsonFields all_;
  std::vector<JsonFields> trials_;
};

}  // namespace

std::vector<Trial> load_trials(const SweepPlan& plan, const SweepDirectory& directory) {
  std::vector<Trial> trials;
  for (const Assignment& values : plan.trials)
    trials.push_back({.number = static_cast<int>(trials.size()) + 1,
                      .values = values,
                      .identity = identity(plan, values)});
  if (!directory.has_begun()) return trials;
  const StateFile file(directory);
  const std::vector<JsonFields>& known = file.trials();
  if (known.size() > trials.size())
    refuse_other_sweep(directory,
                       fmt::format("of {} trials, and now there are {}", known.size(), trials.size()));
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].text("config") != trials[i].identity)
      refuse_other_sweep(directory, fmt::format("its trial {} is {}, or has other keys beside", i + 1,
                                                described(known[i].object("values"))));
    take_state(trials[i], known[i]);
  }
  return trials;
}

void update_trials(std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory,
                   const std::function<bool(int)>& own) {
  const StateFile file(directory);
  for (const JsonFields& known : file.trials()) {
    const auto number = static_cast<int>(known.whole("trial", 1, kMostTrials));
    if (const auto index = static_cast<std::size_t>(number) - 1; index < trials.size()) {
      if (!own(number)) take_state(trials[index], known);
      continue;
    }
    Trial added{.number = static_cast<int>(trials.size()) + 1};
    const auto texts = known.object("values").texts();
    const std::map<std::string, std::string> values(texts.begin(), texts.end());
    for (const SweptParameter& parameter : plan.sweep.parameters) {
      const auto value = values.find(parameter.path);
      added.values.push_back(value == values.end() ? "" : value->second);
    }
    added.identity = identity(plan, added.values);
    if (added.number != number || known.text("config") != added.identity)
      refuse_other_sweep(directory, fmt::format("another process added trial {}, which is {}", number,
                                                described(known.object("values"))));
    take_state(added, known);
    trials.push_back(std::move(added));
  }
}

void check_same_config(const std::vector<Trial>& trials, const SweepPlan& plan,
                       const SweepDirectory& directory) {
  SweepPlan as_begun = plan;
  as_begun.config_text = read_text_file(directory.config());
  if (as_begun.config_text == plan.config_text) return;
  for (const Trial& trial : trials)
    if (identity(as_begun, trial.values) != trial.identity)
      throw ConfigError(
          fmt::format("{}: other processes work there with another config, in which trial {} is not the "
                      "same; give theirs, "
                      "{}, or wait until they have ended",
                      directory.path(), trial.number, directory.config()));
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

#include "engine/sweep/leaderboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/core/digits.h"
#include "engine/core/shell_word.h"
#include "engine/io/csv.h"
#include "engine/run/progress_line.h"

namespace pcnn {
namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces apart; numbers and words alike to the left.
std::string in_columns(const std::vector<Row>& rows) {
  const auto letters = [](const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
  };
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], letters(row[i]));
  std::string table;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - letters(row[i]) + 2, ' ');
    table += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return table;
}

std::string value_text(const std::optional<double>& value) {
  if (!value) return "-";
  return *value >= 100.0 ? fmt::format("{:.0f}", *value) : fmt::format("{:.4f}", *value);
}

Row row_of(const Trial& trial) {
  const TrialProgress& progress = trial.progress;
  Row row{std::to_string(trial.number),
          std::string(name_of(trial.state)),
          value_text(progress.best),
          progress.best ? std::to_string(progress.best_epoch) : "-",
          progress.epochs > 0 ? std::to_string(progress.epochs) : "-",
          progress.epochs > 0 ? clock_text(progress.seconds) : "-",
          value_text(progress.test_nats_per_dim)};
  row.insert(row.end(), trial.values.begin(), trial.values.end());
  return row;
}

std::string csv_line(const Row& fields) {
  std::string line;
  for (const std::string& field : fields) line += (&field == fields.data() ? "" : ",") + csv_field(field);
  return line + "\n";
}

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

std::vector<const Trial*> ranked(const std::vector<Trial>& trials, const Objective& objective) {
  std::vector<const Trial*> order;
  for (const Trial& trial : trials) order.push_back(&trial);
  const auto group = [](const Trial& trial) { return trial.has_failed() ? 2 : trial.progress.best ? 0 : 1; };
  std::ranges::stable_sort(order, [&](const Trial* a, const Trial* b) {
    if (group(*a) != group(*b)) return group(*a) < group(*b);
    return group(*a) == 0 && objective.is_better(*a->progress.best, *b->progress.best);
  });
  return order;
}

std::vector<std::string> short_names(const std::vector<SweptParameter>& parameters) {
  std::vector<std::string> names;
  for (const SweptParameter& parameter : parameters) {
    const std::string& path = parameter.path;
    const auto is_of_another = [&](const std::string& ending) {
      return std::ranges::any_of(parameters, [&](const SweptParameter& other) {
        return other.path != path && (other.path == ending || other.path.ends_with("." + ending));
      });
    };
    std::size_t start = path.rfind('.');
    while (start != std::string::npos && start > 0 && is_of_another(path.substr(start + 1)))
      start = path.rfind('.', start - 1);
    names.push_back(start == std::string::npos ? path : path.substr(start + 1));
  }
  return names;
}

std::string trial_table(std::span<const Trial* const> trials, const SweepPlan& plan) {
  Row header{"trial", "state",        std::string(plan.sweep.objective.heading()), "at epoch", "epochs",
             "time",  "test nats/dim"};
  const std::vector<std::string> names = short_names(plan.sweep.parameters);
  header.insert(header.end(), names.begin(), names.end());
  std::vector<Row> rows{header};
  for (const Trial* trial : trials) rows.push_back(row_of(*trial));
  return in_columns(rows);
}

std::string plan_table(const std::vector<Trial>& trials, const std::vector<std::size_t>& parameters,
                       const SweepPlan& plan) {
  Row header{"trial", "state", "network"};
  const std::vector<std::string> names = short_names(plan.sweep.parameters);
  header.insert(header.end(), names.begin(), names.end());
  std::vector<Row> rows{header};
  for (std::size_t i = 0; i < trials.size(); ++i) {
    Row row{std::to_string(trials[i].number), std::string(name_of(trials[i].state)),
            parameters[i] > 0 ? grouped(parameters[i]) + " parameters" : "-"};
    row.insert(row.end(), trials[i].values.begin(), trials[i].values.end());
    rows.push_back(std::move(row));
  }
  return in_columns(rows);
}

std::string count_text(const std::vector<Trial>& trials) {
  std::string text = counted(trials.size(), "trial") + ": ";
  bool is_first = true;
  for (const auto& [state, word] :
       std::array<std::pair<TrialState, const char*>, 6>{{{TrialState::kDone, "done"},
                                                          {TrialState::kStopped, "stopped early"},
                                                          {TrialState::kFailed, "failed"},
                                                          {TrialState::kDiverged, "diverged"},
                                                          {TrialState::kTraining, "training"},
                                                          {TrialState::kWaiting, "waiting"}}}) {
    const auto count = std::ranges::count(trials, state, &Trial::state);
    if (count == 0) continue;
    text += fmt::format("{}{} {}", is_first ? "" : ", ", count, word);
    is_first = false;
  }
  return text;
}

std::string leaderboard_text(const std::vector<Trial>& trials, const SweepPlan& plan,
                             const SweepDirectory& directory) {
  const Objective& objective = plan.sweep.objective;
  std::string text =
      fmt::format("{}, {}; {}, the {} is best\n\n", directory.path(), count_text(trials), objective.heading(),
                  objective.goal == Goal::kMinimise ? "lowest" : "highest");
  text += trial_table(ranked(trials, objective), plan);
  for (const Trial& trial : trials)
    if (trial.has_failed())
      text += fmt::format("\ntrial {} {}: {}\n", trial.number, name_of(trial.state), trial.error);
  if (const Trial* best = best_of(trials, objective)) {
    text += fmt::format("\nbest: trial {}\n  train it again: pcnn-run {}\n", best->number,
                        shell_word(directory.best()));
    text += fmt::format("  draw from it:   pcnn-sample {} --output samples.png\n",
                        shell_word(directory.trial(best->number)));
  }
  return text;
}

std::string results_csv(const std::vector<Trial>& trials, const SweepPlan& plan,
                        const SweepDirectory& directory) {
  Row header{"trial", "state"};
  for (const SweptParameter& parameter : plan.sweep.parameters) header.push_back(parameter.path);
  header.insert(header.end(), {std::string(plan.sweep.objective.name()), "at_epoch", "epochs", "seconds",
                               "images_per_second", "test_nats_per_dim", "directory", "error"});
  std::string csv = csv_line(header);
  for (const Trial& trial : trials) {
    const TrialProgress& progress = trial.progress;
    const bool has_begun = progress.epochs > 0;
    Row row{std::to_string(trial.number), std::string(name_of(trial.state))};
    row.insert(row.end(), trial.values.begin(), trial.values.end());
    row.insert(row.end(),
               {number(progress.best), has_begun ? std::to_string(progress.best_epoch) : "",
                std::to_string(progress.epochs), has_begun ? fmt::format("{:.3f}", progress.seconds) : "",
                has_begun ? fmt::format("{:.1f}", progress.images_per_second) : "",
                number(progress.test_nats_per_dim), directory.trial(trial.number), trial.error});
    csv += csv_line(row);
  }
  return csv;
}

}  // namespace pcnn

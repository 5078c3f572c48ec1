#include "engine/sweep/trial_table.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "engine/run/run_directory.h"
#include "engine/sweep/sweep_state.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

// Another where read_progress() would find something new.
std::string stamp_of(const std::string& run_directory) {
  const RunDirectory directory = RunDirectory::at(run_directory);
  std::error_code error;
  const auto bytes = fs::file_size(directory.metrics(), error);
  const auto ended = fs::last_write_time(directory.results(), error).time_since_epoch().count();
  return fmt::format("{} {}", bytes, ended);
}

// Another for each file that was put in its place; "" where there is none.
std::string stamp_of_file(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return "";
  return fmt::format("{} {} {}.{:09}", file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
}

}  // namespace

TrialTable::TrialTable(const SweepPlan& plan, const SweepDirectory& directory, TrialClaims& claims,
                       std::vector<Trial> trials, Console& console)
    : plan_(plan), directory_(directory), claims_(claims), trials_(std::move(trials)), console_(console) {
  for (Trial& trial : trials_) (void)read_new_epochs(trial);
}

std::ptrdiff_t TrialTable::count(TrialState state) const {
  return std::ranges::count(trials_, state, &Trial::state);
}

std::vector<std::size_t> TrialTable::follow_others() {
  if (!claims_.can_share()) return {};
  std::vector<bool> is_watched;
  for (const Trial& trial : trials_) is_watched.push_back(!is_own(trial) && !trial.has_ended());
  const std::string now = stamp_of_file(directory_.state());
  if (!now.empty() && std::exchange(state_read_, now) != now)
    update_trials(trials_, plan_, directory_, [&](int number) { return claims_.has(number); });
  is_watched.resize(trials_.size(), true);

  const std::vector<int> taken = claims_.taken_elsewhere(static_cast<int>(trials_.size()));
  std::vector<std::size_t> with_news;
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    Trial& trial = trials_[i];
    if (!is_own(trial) && !trial.has_ended())
      trial.state =
          std::ranges::binary_search(taken, trial.number) ? TrialState::kTraining : TrialState::kWaiting;
    if (is_watched[i] && read_new_epochs(trial)) with_news.push_back(i);
  }
  return with_news;
}

bool TrialTable::read_new_epochs(Trial& trial) {
  const std::string path = directory_.trial(trial.number);
  std::string stamp = stamp_of(path);
  if (stamp == read_[trial.number]) return false;
  read_[trial.number] = std::move(stamp);  // of before the reading
  TrialProgress now = read_progress(path, plan_.sweep.objective);
  if (!now.notes.empty() && !std::exchange(has_notes_[trial.number], true))
    for (const std::string& note : now.notes) console_.warning(note);
  const bool has_news =
      now.epochs != trial.progress.epochs || now.test_nats_per_dim != trial.progress.test_nats_per_dim;
  trial.progress = std::move(now);
  return has_news;
}

void TrialTable::save() {
  save_trials(trials_, plan_, directory_);
  state_read_ = stamp_of_file(directory_.state());
}

}  // namespace pcnn

#pragma once

#include <string>

#include "engine/run/new_directory.h"

namespace pcnn {

// The files of one sweep:
//   sweep.yaml        the config as it was given
//   sweep.json        the trials: values, state, error
//   trial-1/          the run directory of the first trial, and so on
//   trial-1.txt       what its run said
//   results.csv       a line per trial
//   leaderboard.txt   the same for people, the best first
//   parameters.svg    the objective against each parameter
//   best.yaml         the config of the best trial so far, ready to run
//   log.txt           what the console showed, with times
//   lock              while processes work here
//   trials.lock       which of them trains which trial
// One thread at a time.
class SweepDirectory {
 public:
  SweepDirectory(std::string output, std::string name);
  // The same sweep while its directory lies elsewhere.
  [[nodiscard]] SweepDirectory at(const std::string& path) const;

  // Throws what a start of the sweep, or going on with it, would throw about its directory. Makes nothing.
  void check() const;
  // Whether there is a sweep to go on with. Throws FileError where that cannot be told.
  [[nodiscard]] bool has_begun() const;
  // For NewDirectory, which makes one.
  [[nodiscard]] static const StartFiles& start_files();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& output() const { return output_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string config() const { return path_ + "/sweep.yaml"; }
  [[nodiscard]] std::string state() const { return path_ + "/sweep.json"; }
  [[nodiscard]] std::string csv() const { return path_ + "/results.csv"; }
  [[nodiscard]] std::string leaderboard() const { return path_ + "/leaderboard.txt"; }
  [[nodiscard]] std::string picture() const { return path_ + "/parameters.svg"; }
  [[nodiscard]] std::string best() const { return path_ + "/best.yaml"; }
  static constexpr const char* kClaims = "trials.lock";
  [[nodiscard]] std::string log() const { return path_ + "/log.txt"; }
  [[nodiscard]] static std::string trial_name(int number) { return "trial-" + std::to_string(number); }
  [[nodiscard]] std::string trial(int number) const { return path_ + "/" + trial_name(number); }
  [[nodiscard]] std::string trial_log(int number) const { return trial(number) + ".txt"; }

 private:
  std::string output_, name_, path_;
};

}  // namespace pcnn

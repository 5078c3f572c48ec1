#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pcnn {

// The files of one run:
//   config.yaml             every key with its value in effect; runs again as it is
//   log.txt                 what the console showed, with times
//   metrics.jsonl           one JSON object per epoch
//   events.out.tfevents.*   the same, the learning rate, grids of samples and the config, for TensorBoard
//   curves.svg              losses over epochs
//   report.html             all of this on a page that needs nothing else
//   checkpoint.safetensors  the latest state: parameters, optimiser, average, progress
//   previous.safetensors    the state before it, should the latest be damaged
//   best.safetensors        the parameters with the lowest validation loss
//   results.json            how the run ended, and the final scores
//   samples/epoch-0001.png  one grid per epoch; step-00000123.png where a run was interrupted
//   lock                    while a process works here
// A name and its files' names; reading them is safe from any thread.
class RunDirectory {
 public:
  // An existing run with a checkpoint, or the one before it. Throws ConfigError where there is none.
  static RunDirectory open(const std::string& path);
  // Any directory, with nothing checked or made.
  static RunDirectory at(const std::string& path) { return RunDirectory(path); }

  // Whether there is a checkpoint, or the one before it, and its config. Throws FileError where that cannot
  // be told.
  [[nodiscard]] bool can_be_resumed() const;

  // Throws FileError where something that cannot be read as a file has the name of one that the run reads and
  // writes after its start.
  void check_files() const;

  // Throws FileError.
  void make_samples_folder() const;

  // Whether a file of this name was being written when its process was killed.
  [[nodiscard]] static bool is_leftover(std::string_view name);
  // Deletes half-written files of processes that were killed, in samples/ too; for the holder of the lock.
  void remove_leftovers() const;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string config() const { return path_ + "/config.yaml"; }
  [[nodiscard]] std::string log() const { return path_ + "/log.txt"; }
  [[nodiscard]] std::string metrics() const { return path_ + "/metrics.jsonl"; }
  [[nodiscard]] std::string curves() const { return path_ + "/curves.svg"; }
  [[nodiscard]] std::string report() const { return path_ + "/report.html"; }
  [[nodiscard]] std::string checkpoint() const { return path_ + "/checkpoint.safetensors"; }
  [[nodiscard]] std::string previous() const { return path_ + "/previous.safetensors"; }
  [[nodiscard]] std::string best() const { return path_ + "/best.safetensors"; }
  [[nodiscard]] std::string results() const { return path_ + "/results.json"; }
  [[nodiscard]] std::string samples(std::int64_t epoch) const;
  [[nodiscard]] std::string interrupted_samples(std::int64_t step) const;

 private:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace pcnn

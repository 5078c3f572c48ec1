#include "engine/run/checkpoint_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/model/checkpoint.h"

namespace pcnn {
namespace {

// Under keys that begin with what was summed over: "epoch_nats".
void write_sums(nlohmann::json& json, const std::string& over, const StepSums& sums) {
  json[over + "_nats"] = sums.nats;
  json[over + "_dims"] = sums.dims;
  json[over + "_seconds"] = sums.seconds;
  json[over + "_images"] = sums.images;
  json[over + "_squared_norms"] = sums.squared_norms;
  json[over + "_steps"] = sums.steps;
}

StepSums sums_from(const nlohmann::json& json, const std::string& over) {
  return {.nats = json.at(over + "_nats"),
          .dims = json.at(over + "_dims"),
          .seconds = json.at(over + "_seconds"),
          .images = json.at(over + "_images"),
          .squared_norms = json.at(over + "_squared_norms"),
          .steps = json.at(over + "_steps")};
}

nlohmann::json to_json(const Progress& progress) {
  nlohmann::json json{{"step", progress.step},
                      {"images", progress.images},
                      {"seconds", progress.seconds},
                      {"learning_rate", progress.learning_rate},
                      {"first_nats_per_dim", progress.first_nats_per_dim}};
  write_sums(json, "epoch", progress.epoch);
  write_sums(json, "window", progress.window);
  return json;
}

// Checkpoints from before there were windows have none: the first is a shorter one.
Progress progress_from(const nlohmann::json& json) {
  return {.step = json.at("step"),
          .images = json.at("images"),
          .seconds = json.at("seconds"),
          .epoch = sums_from(json, "epoch"),
          .window = json.contains("window_nats") ? sums_from(json, "window") : StepSums{},
          .learning_rate = json.at("learning_rate"),
          .first_nats_per_dim = json.value("first_nats_per_dim", 0.0)};
}

// Checkpoints of long ago do not name all of them.
void check_images(std::string_view split, const std::string& before, const std::string& now,
                  const std::string& path) {
  if (!before.empty() && before != now)
    throw ConfigError(
        fmt::format("{}: the {} images are not those the run began with ({}, they had {}); start a new run",
                    path, split, now, before));
}

// What is to be the checkpoint, once it is whole.
std::string next_of(const RunDirectory& directory) {
  return directory.checkpoint() + ".next";
}

Standing restore(const RunParts& run, const std::string& path, Trainer& trainer, Console& console) {
  const Checkpoint checkpoint = Checkpoint::read(path);
  for (const StateBuffer& buffer : trainer.state()) checkpoint.copy(run.network, buffer.name, buffer.values);
  try {
    const nlohmann::json state = nlohmann::json::parse(checkpoint.metadata("training_state"));
    trainer.restore(progress_from(state.at("progress")));
    Standing standing{.best = {}, .epoch_is_open = state.value("epoch_is_open", false)};
    if (const std::string before = state.value("precision", "f32"); before != name_of(run.precision))
      console.warning(
          fmt::format("precision: the run computed in {} so far and goes on in {}; set precision={} for "
                      "the same bits",
                      before, name_of(run.precision), before));
    check_images("train", state.value("data", ""), run.fingerprints.train, path);
    check_images("validation", state.value("validation_data", ""), run.fingerprints.validation, path);
    check_images("test", state.value("test_data", ""), run.fingerprints.test, path);
    // Not a number where an older version validated what had diverged.
    if (state.contains("best") && state.at("best").at("validation_nats_per_dim").is_number())
      standing.best = BestEpoch{state.at("best").at("validation_nats_per_dim"), state.at("best").at("epoch")};
    return standing;
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(path, 0, std::string("its training state cannot be read: ") + error.what());
  }
}

}  // namespace

Restored restore_latest(const RunParts& run, Trainer& trainer, Console& console) {
  const RunDirectory& directory = run.directory;
  std::string why = directory.checkpoint() + ": is not there";
  if (file_exists(directory.checkpoint())) {
    try {
      return {.standing = restore(run, directory.checkpoint(), trainer, console)};
    } catch (const FormatError& error) {
      if (!file_exists(directory.previous())) throw;
      why = error.what();
    }
  }
  console.warning(fmt::format("{}; goes on from {}", why, directory.previous()));
  return {.standing = restore(run, directory.previous(), trainer, console), .is_previous = true};
}

CheckpointStore::CheckpointStore(const RunParts& run, const RunLock& lock, Trainer& trainer, Console& console)
    : run_(run), lock_(lock), trainer_(trainer), console_(console) {}

bool CheckpointStore::has_latest() const {
  return file_exists(run_.directory.checkpoint());
}

bool CheckpointStore::has_any() const {
  return has_latest() || file_exists(run_.directory.previous());
}

bool CheckpointStore::is_due() const {
  const TrainConfig& train = run_.config.train;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - saved_at_;
  return (train.checkpoint_steps && trainer_.progress().step - saved_step_ >= *train.checkpoint_steps) ||
         (train.checkpoint_minutes && since.count() >= 60.0 * *train.checkpoint_minutes);
}

void CheckpointStore::save(const Standing& standing) {
  lock_.check();
  write_next(standing, run_.directory);
  lock_.check();  // writing takes a while
  take_next(run_.directory);
}

void CheckpointStore::save(const Standing& standing, const RunDirectory& directory) {
  write_next(standing, directory);
  take_next(directory);
}

void CheckpointStore::write_next(const Standing& standing, const RunDirectory& directory) const {
  trainer_.check_state();
  sync_file(directory.metrics());  // so that it is never behind the checkpoint
  nlohmann::json state{
      {"progress", to_json(trainer_.progress())}, {"precision", name_of(run_.precision)},
      {"data", run_.fingerprints.train},          {"validation_data", run_.fingerprints.validation},
      {"test_data", run_.fingerprints.test},      {"epoch_is_open", standing.epoch_is_open}};
  if (const auto& best = standing.best)
    state["best"] = {{"validation_nats_per_dim", best->validation_nats_per_dim}, {"epoch", best->epoch}};
  std::vector<NamedBuffer> buffers;
  for (const StateBuffer& buffer : trainer_.state()) buffers.push_back({buffer.name, buffer.values});
  write_checkpoint(next_of(directory), run_.network, buffers,
                   {{"config", run_.resolved_yaml}, {"training_state", state.dump()}});
}

void CheckpointStore::take_next(const RunDirectory& directory) {
  replace_file(next_of(directory), directory.checkpoint(), directory.previous());
  saved_step_ = trainer_.progress().step;
  saved_at_ = std::chrono::steady_clock::now();
}

Standing CheckpointStore::resume() {
  const std::string latest = run_.directory.checkpoint();
  Restored restored = restore_latest(run_, trainer_, console_);
  if (restored.is_previous) {
    // Or the next save would keep it in place of the good one.
    std::error_code ignored;
    std::filesystem::rename(latest, latest + ".damaged", ignored);
  }
  saved_step_ = trainer_.progress().step;
  return restored.standing;
}

void CheckpointStore::drop_diverged() {
  const RunDirectory& directory = run_.directory;
  if (saved_step_ != trainer_.progress().step) return;
  try {
    const nlohmann::json state =
        nlohmann::json::parse(Checkpoint::read(directory.previous()).metadata("training_state"));
    const Progress before = progress_from(state.at("progress"));
    if (before.step >= saved_step_) return;
    std::filesystem::rename(directory.previous(), directory.checkpoint());
    saved_step_ = before.step;
  } catch (const std::exception&) {  // there is none that is better
  }
}

void CheckpointStore::save_best(const BestEpoch& best) {
  lock_.check();
  const std::vector<NamedBuffer> buffers{{"", trainer_.evaluation_parameters()}};
  const nlohmann::json state{{"epoch", best.epoch},
                             {"step", trainer_.progress().step},
                             {"data", run_.fingerprints.train},
                             {"validation_nats_per_dim", best.validation_nats_per_dim}};
  write_checkpoint(run_.directory.best(), run_.network, buffers,
                   {{"config", run_.resolved_yaml}, {"training_state", state.dump()}});
}

std::vector<float> CheckpointStore::read_best() const {
  std::vector<float> parameters(run_.network.parameter_count());
  Checkpoint::read(run_.directory.best()).copy(run_.network, "", parameters);
  return parameters;
}

}  // namespace pcnn

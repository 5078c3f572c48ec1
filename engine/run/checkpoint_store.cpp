#include "engine/run/checkpoint_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/io/file.h"
#include "engine/io/json_fields.h"
#include "engine/model/checkpoint.h"
#include "engine/train/given_of.h"
#include "engine/train/train_config.h"

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

// What no run exceeds, so that no sum of a few overflows.
constexpr std::int64_t kMostValues = std::int64_t{1} << 62;
constexpr double kMostNats = 1e30, kMostNorms = 1e300, kMostSeconds = 1e15, kMostRate = 1e6;

StepSums sums_from(const JsonFields& json, const std::string& over) {
  const auto real = [&](const char* of, double least, double most) {
    return json.real((over + of).c_str(), least, most);
  };
  const auto whole = [&](const char* of, std::int64_t most) {
    return json.whole((over + of).c_str(), 0, most);
  };
  return {.nats = real("_nats", -kMostNats, kMostNats),
          .dims = whole("_dims", kMostValues),
          .seconds = real("_seconds", 0.0, kMostSeconds),
          .images = whole("_images", kMostValues),
          .squared_norms = real("_squared_norms", 0.0, kMostNorms),
          .steps = whole("_steps", kMostSteps)};
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
Progress progress_from(const JsonFields& json) {
  return {.step = json.whole("step", 0, kMostSteps),
          .images = json.whole("images", 0, kMostValues),
          .seconds = json.real("seconds", 0.0, kMostSeconds),
          .epoch = sums_from(json, "epoch"),
          .window = json.has("window_nats") ? sums_from(json, "window") : StepSums{},
          .learning_rate = json.real("learning_rate", 0.0, kMostRate),
          .first_nats_per_dim =
              json.has("first_nats_per_dim") ? json.real("first_nats_per_dim", -kMostNats, kMostNats) : 0.0};
}

// The images that are seen in so many steps are no matter of choice.
void check_step(const JsonFields& json, const Progress& progress, const RunParts& run) {
  const std::int64_t images = run.data.train.count, batch = run.config.train.batch;
  const std::int64_t steps = (images + batch - 1) / batch;  // of an epoch
  const std::int64_t seen = progress.step / steps * images + std::min(progress.step % steps * batch, images);
  if (progress.images != seen)
    json.refuse("images", fmt::format("{}, as {} see with a batch of {} of {}", seen,
                                      counted(progress.step, "step"), batch, counted(images, "image")));
}

// Sums are over images that the run has seen, and over all dimensions of each.
void check_sums(const JsonFields& json, const std::string& over, const StepSums& sums,
                const Progress& progress, const RunParts& run) {
  const auto refuse_above = [&](const char* of, std::int64_t found, std::int64_t most, const char* what) {
    if (found > most)
      json.refuse((over + of).c_str(), fmt::format("up to {}, the {} of the whole run", most, what));
  };
  refuse_above("_images", sums.images, progress.images, "images");
  refuse_above("_steps", sums.steps, progress.step, "steps");
  const auto each = static_cast<std::int64_t>(run.network.shape(0, 1).size());
  if (sums.dims != sums.images * each)
    json.refuse((over + "_dims").c_str(),
                fmt::format("{}, {} of each of {}", sums.images * each, each, counted(sums.images, "image")));
}

// Checkpoints of long ago do not name all of them.
void check_images(const Network& network, std::string_view split, const std::string& before,
                  const std::string& now, const std::string& path) {
  if (!before.empty() && before != now)
    throw ConfigError(
        fmt::format("{}: {} are not those the run began with ({}, they had {}); start a new run", path,
                    fingerprinted_images(network, split), now, shorten(before)));
}

// What is to be the checkpoint, once it is whole.
std::string next_of(const RunDirectory& directory) {
  return directory.checkpoint() + ".next";
}

Standing restore(const RunParts& run, const std::string& path, Trainer& trainer, Console& console) {
  const Checkpoint checkpoint = Checkpoint::read(path);
  for (const StateBuffer& buffer : trainer.state()) checkpoint.copy(run.network, buffer.name, buffer.values);
  const nlohmann::json json = parse_json(path, checkpoint.metadata("training_state"), "training_state");
  const JsonFields state(path, json, "training_state");
  check_images(run.network, "train", state.text("data", ""), run.fingerprints.train, path);
  check_images(run.network, "validation", state.text("validation_data", ""), run.fingerprints.validation,
               path);
  check_images(run.network, "test", state.text("test_data", ""), run.fingerprints.test, path);
  const JsonFields fields = state.object("progress");
  const Progress progress = progress_from(fields);
  check_step(fields, progress, run);
  check_sums(fields, "epoch", progress.epoch, progress, run);
  check_sums(fields, "window", progress.window, progress, run);
  Standing standing{.best = {}, .epoch_is_open = state.boolean("epoch_is_open", false)};
  if (state.has("best")) {
    const JsonFields best = state.object("best");
    // Not a number where an older version validated what had diverged.
    if (!best.is_null("validation_nats_per_dim"))
      standing.best = BestEpoch{best.real("validation_nats_per_dim", -kMostNats, kMostNats),
                                best.whole("epoch", 0, kMostSteps)};
  }
  trainer.restore(progress);
  if (const std::string note = checkpoint.note(); !note.empty()) console.warning("note: " + note);
  if (const std::string before = state.text("precision", "f32"); before != name_of(run.precision))
    console.warning(
        fmt::format("precision: the run computed in {} so far and goes on in {}; set precision={} for "
                    "the same bits",
                    shorten(before), name_of(run.precision), shorten(before)));
  return standing;
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
  Restored restored;
  restored.is_previous = true;
  try {
    restored.standing = restore(run, directory.previous(), trainer, console);
  } catch (const FormatError& error) {
    throw ConfigError(
        fmt::format("{}; nor can the run go on from the checkpoint before it: {}", why, error.what()));
  }
  console.warning(fmt::format("{}; goes on from {}", why, directory.previous()));
  return restored;
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
  trainer_.check_ranks();
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
    const std::string path = directory.previous();
    const nlohmann::json json = parse_json(path, Checkpoint::read(path).metadata("training_state"));
    const Progress before = progress_from(JsonFields(path, json).object("progress"));
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

#include "engine/run/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numbers>
#include <utility>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/image_grid.h"
#include "engine/io/png.h"
#include "engine/model/checkpoint.h"
#include "engine/run/clock_text.h"
#include "engine/run/interruption.h"
#include "engine/run/metrics.h"
#include "engine/run/pictures.h"
#include "engine/run/report.h"
#include "engine/sample/sampler.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

nlohmann::json to_json(const Progress& progress) {
  return {{"step", progress.step},
          {"images", progress.images},
          {"seconds", progress.seconds},
          {"epoch_nats", progress.epoch_nats},
          {"epoch_dims", progress.epoch_dims},
          {"epoch_seconds", progress.epoch_seconds},
          {"epoch_images", progress.epoch_images},
          {"epoch_squared_norms", progress.epoch_squared_norms},
          {"epoch_steps", progress.epoch_steps},
          {"learning_rate", progress.learning_rate}};
}

Progress progress_from(const nlohmann::json& json) {
  return {.step = json.at("step"),
          .images = json.at("images"),
          .seconds = json.at("seconds"),
          .epoch_nats = json.at("epoch_nats"),
          .epoch_dims = json.at("epoch_dims"),
          .epoch_seconds = json.at("epoch_seconds"),
          .epoch_images = json.at("epoch_images"),
          .epoch_squared_norms = json.at("epoch_squared_norms"),
          .epoch_steps = json.at("epoch_steps"),
          .learning_rate = json.at("learning_rate")};
}

constexpr std::int64_t kStepsPerEvent = 100;

// Thrown from inside the work, turned into Interrupted once all is saved.
struct Signalled {
  int signal;
};

void throw_where_signalled() {
  if (const int signal = InterruptionGuard::signal(); signal != 0) throw Signalled{signal};
}

constexpr std::chrono::seconds kLongestGoodbye{3};

struct Stopwatch {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

}  // namespace

TrainingRun::TrainingRun(const RunConfig& config, std::string resolved_yaml, const Dataset& data,
                         const PixelCoding& coding, const Network& network, const OutputHead& head,
                         Precision precision, const Workers& workers, const RunDirectory& directory,
                         Console& console)
    : config_(config),
      resolved_yaml_(std::move(resolved_yaml)),
      data_(data),
      fingerprint_(fingerprint(data.train)),
      coding_(coding),
      network_(network),
      head_(head),
      precision_(precision),
      workers_(workers),
      directory_(directory),
      console_(console),
      trainer_(network, head, config.train, config.seed,
               initial_parameters(network, config.model.initialisation, config.seed), workers, precision),
      scorer_(network, head, shard_images(config.train, network), workers, precision) {}

void TrainingRun::resume() {
  try {
    restore(directory_.checkpoint());
  } catch (const Error& error) {
    if (!std::filesystem::exists(directory_.previous())) throw;
    console_.warning(fmt::format("{}; goes on from {}", error.what(), directory_.previous()));
    restore(directory_.previous());
    // Out of the way, or the next save would keep it in place of the good one.
    std::error_code ignored;
    std::filesystem::rename(directory_.checkpoint(), directory_.checkpoint() + ".damaged", ignored);
  }
  // The line of an epoch that is still open is written again.
  drop_metrics_after(directory_.metrics(), trainer_.progress().step - (epoch_is_open_ ? 1 : 0));
  saved_step_ = trainer_.progress().step;
}

void TrainingRun::restore(const std::string& path) {
  const Checkpoint checkpoint = Checkpoint::read(path);
  for (const StateBuffer& buffer : trainer_.state()) checkpoint.copy(network_, buffer.name, buffer.values);
  try {
    const nlohmann::json state = nlohmann::json::parse(checkpoint.metadata("training_state"));
    trainer_.restore(progress_from(state.at("progress")));
    epoch_is_open_ = state.value("epoch_is_open", false);
    if (const std::string before = state.value("precision", "f32"); before != name_of(precision_))
      console_.warning(
          fmt::format("precision: the run computed in {} so far and goes on in {}; set precision={} for "
                      "the same bits",
                      before, name_of(precision_), before));
    if (const std::string before = state.value("data", ""); !before.empty() && before != fingerprint_)
      throw ConfigError(fmt::format(
          "{}: the train images are not those the run began with ({}, they had {}); start a new run", path,
          fingerprint_, before));
    best_.reset();
    if (state.contains("best"))
      best_ = Best{state.at("best").at("validation_nats_per_dim"), state.at("best").at("epoch")};
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(path, 0, std::string("its training state cannot be read: ") + error.what());
  }
}

void TrainingRun::train() {
  const std::int64_t count = data_.train.count;
  if (!std::filesystem::exists(directory_.checkpoint())) save_checkpoint();  // so that resume has a start
  try {
    while (epoch_is_open_ || !trainer_.finished(count)) {
      if (!epoch_is_open_) train_to_the_end_of_the_epoch();
      finish_epoch(trainer_.finished(count));
    }
    report_final_scores();
  } catch (const Signalled& signalled) {
    stop(signalled.signal);
  } catch (const FileError& error) {
    throw ConfigError(
        fmt::format("{}; step {} is saved: once that is mended, go on with `pcnn-run --resume {}`",
                    error.what(), saved_step_, directory_.path()));
  }
}

void TrainingRun::show(const std::function<void()>& write) {
  try {
    write();
  } catch (const FileError& error) {
    // A record that was cut short would hide those after it: events begin a new file.
    events_.reset();
    if (unshown_.insert(error.what()).second)
      console_.warning(fmt::format("{}; the run goes on without", error.what()));
  }
}

void TrainingRun::train_to_the_end_of_the_epoch() {
  try {
    const bool ended = trainer_.run_epoch(data_.train, coding_, [&](const Progress& progress) {
      show_progress(progress);
      note_progress(progress);
      if (InterruptionGuard::signal() != 0) return false;
      const bool last = progress.step % trainer_.steps_per_epoch(data_.train.count) == 0 ||
                        trainer_.finished(data_.train.count);
      if (!last && checkpoint_is_due()) save_checkpoint();
      return true;
    });
    epoch_is_open_ = ended || trainer_.finished(data_.train.count);
  } catch (const ComputeError& error) {
    const bool saved = std::filesystem::exists(directory_.checkpoint());
    throw ComputeError(fmt::format(
        "{}; {}", error.what(),
        saved ? fmt::format("the state of step {} is kept in {}", saved_step_, directory_.checkpoint())
              : "nothing was saved yet"));
  }
  save_checkpoint();
  throw_where_signalled();
}

bool TrainingRun::checkpoint_is_due() const {
  const TrainConfig& train = config_.train;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - saved_at_;
  return (train.checkpoint_steps && trainer_.progress().step - saved_step_ >= *train.checkpoint_steps) ||
         (train.checkpoint_minutes && since.count() >= 60.0 * *train.checkpoint_minutes);
}

// Everything is saved by now; what is left is to show it.
void TrainingRun::stop(int signal) {
  console_.clear_live();
  if (config_.sample.count > 0) {
    const auto start = std::chrono::steady_clock::now();
    try {
      draw_grid(trainer_.evaluation_parameters(), directory_.interrupted_samples(trainer_.progress().step),
                [&] {
                  if (std::chrono::steady_clock::now() - start > kLongestGoodbye) throw Signalled{signal};
                });
    } catch (const Signalled&) {
      console_.line("no samples: they would take longer than an interrupted run may");
    }
  }
  write_report("interrupted");
  throw Interrupted(signal, fmt::format("interrupted; step {} is saved: go on with `pcnn-run --resume {}`",
                                        trainer_.progress().step, directory_.path()));
}

void TrainingRun::show_progress(const Progress& progress) {
  if (!console_.wants_live()) return;
  const std::int64_t per_epoch = trainer_.steps_per_epoch(data_.train.count);
  const std::int64_t in_epoch = (progress.step - 1) % per_epoch + 1;
  const auto total = config_.train.total_steps(per_epoch);
  const double per_step =
      progress.epoch_seconds / static_cast<double>(std::max<std::int64_t>(1, progress.epoch_steps));
  double left = total ? static_cast<double>(*total - progress.step) * per_step : INFINITY;
  if (config_.train.seconds) left = std::min(left, *config_.train.seconds - progress.seconds);
  const std::string epochs = config_.train.epochs ? fmt::format("/{}", *config_.train.epochs) : "";
  console_.live(fmt::format("epoch {}{}  step {}/{}  {:.0f} images/s  loss {:.4f} nats/dim  {} left",
                            trainer_.epoch(data_.train.count), epochs, in_epoch, per_epoch,
                            progress.images_per_second(), progress.train_nats_per_dim(), clock_text(left)));
}

EventFile& TrainingRun::events() {
  if (!events_) {
    const std::int64_t step = trainer_.progress().step;
    events_.emplace(directory_.path(), step);
    events_->text(step, "config", "```yaml\n" + resolved_yaml_ + "```\n");
  }
  return *events_;
}

void TrainingRun::note_progress(const Progress& progress) {
  if (progress.step % kStepsPerEvent != 0) return;
  const std::array<std::pair<std::string, double>, 3> values{
      {{"step/train_nats_per_dim", progress.train_nats_per_dim()},
       {"step/learning_rate", progress.learning_rate},
       {"step/images_per_second", progress.images_per_second()}}};
  show([&] { events().scalars(progress.step, values); });
}

Score TrainingRun::score(std::span<const float> parameters, const ImageSet& images) {
  const auto fill = [&](int position, std::span<float> image) {
    throw_where_signalled();
    coding_.encode_for_evaluation(images, position, image);
  };
  return summarise(scorer_.nats(parameters, images.count, fill), network_.shape(0, 1).size());
}

void TrainingRun::finish_epoch(bool last) {
  const Progress& progress = trainer_.progress();
  const std::int64_t epoch = trainer_.epoch(data_.train.count);
  const std::span<const float> parameters = trainer_.evaluation_parameters();
  const Stopwatch validating;
  const double validation = score(parameters, data_.validation).nats_per_dim;
  const double validation_seconds = validating.seconds();
  const Stopwatch sampling;
  const bool best = !best_ || validation < best_->validation_nats_per_dim;
  if (best) save_best(epoch, validation);
  if (config_.sample.count > 0 && (last || epoch % config_.sample.every_epochs == 0))
    draw_grid(parameters, directory_.samples(epoch), throw_where_signalled);
  const double sampling_seconds = sampling.seconds();

  append_metrics(directory_.metrics(), {.epoch = epoch,
                                        .step = progress.step,
                                        .images = progress.images,
                                        .seconds = progress.seconds,
                                        .images_per_second = progress.images_per_second(),
                                        .train_nats_per_dim = progress.train_nats_per_dim(),
                                        .validation_nats_per_dim = validation,
                                        .learning_rate = progress.learning_rate,
                                        .grad_norm = progress.grad_norm()});
  const std::array<std::pair<std::string, double>, 4> values{
      {{"epoch/train_nats_per_dim", progress.train_nats_per_dim()},
       {"epoch/validation_nats_per_dim", validation},
       {"epoch/validation_bits_per_dim", validation / std::numbers::ln2},
       {"epoch/grad_norm", progress.grad_norm()}}};
  show([&] { events().scalars(progress.step, values); });
  show([&] {
    write_file_atomic(directory_.curves(), draw_curves(config_.name, read_metrics(directory_.metrics())));
  });
  epoch_is_open_ = false;
  save_checkpoint();
  write_report("training");
  console_.line(
      fmt::format("epoch {}  {} steps  {}  {:.0f} images/s  train {:.4f}  validation {:.4f} nats/dim{}",
                  epoch, progress.step, clock_text(progress.epoch_seconds), progress.images_per_second(),
                  progress.train_nats_per_dim(), validation, best ? "  best so far" : ""));
  console_.detail(
      fmt::format("  learning rate {:.3g}, gradient norm {:.3g}; validation took {:.2f} s, samples {:.2f} s",
                  progress.learning_rate, progress.grad_norm(), validation_seconds, sampling_seconds));
}

void TrainingRun::draw_grid(std::span<const float> parameters, const std::string& path,
                            const std::function<void()>& go_on) {
  const SampleConfig& sample = config_.sample;
  const SampleRequest request{.chains = sample.count,
                              .seed = config_.seed,
                              .temperature = sample.temperature,
                              .on_progress = [&](std::int64_t) { go_on(); }};
  SamplerConfig sampler = sample.sampler;
  sampler.precision = precision_;
  const Samples samples = draw_samples(sampler, network_, head_, parameters, request, workers_);
  const Image8 grid = tile_images(to_pictures(samples.images, network_.shape(0, 1), head_), sample.columns,
                                  kGridGap, sample.scale);
  show([&] {
    write_png(path, grid);
    events().image(trainer_.progress().step, "samples", read_text_file(path), grid.width, grid.height,
                   grid.channels);
  });
}

void TrainingRun::save_checkpoint() {
  nlohmann::json state{{"progress", to_json(trainer_.progress())},
                       {"precision", name_of(precision_)},
                       {"data", fingerprint_},
                       {"epoch_is_open", epoch_is_open_}};
  if (best_)
    state["best"] = {{"validation_nats_per_dim", best_->validation_nats_per_dim}, {"epoch", best_->epoch}};
  std::vector<NamedBuffer> buffers;
  for (const StateBuffer& buffer : trainer_.state()) buffers.push_back({buffer.name, buffer.values});
  const std::string next = directory_.checkpoint() + ".next";
  write_checkpoint(next, network_, buffers, {{"config", resolved_yaml_}, {"training_state", state.dump()}});
  replace_file(next, directory_.checkpoint(), directory_.previous());
  saved_step_ = trainer_.progress().step;
  saved_at_ = std::chrono::steady_clock::now();
}

void TrainingRun::save_best(std::int64_t epoch, double validation) {
  best_ = Best{validation, epoch};
  const std::vector<NamedBuffer> buffers{{"", trainer_.evaluation_parameters()}};
  const nlohmann::json state{
      {"epoch", epoch}, {"step", trainer_.progress().step}, {"validation_nats_per_dim", validation}};
  write_checkpoint(directory_.best(), network_, buffers,
                   {{"config", resolved_yaml_}, {"training_state", state.dump()}});
}

void TrainingRun::report_final_scores() {
  std::vector<float> parameters(network_.parameter_count());
  bool best_is_good = true;
  try {
    Checkpoint::read(directory_.best()).copy(network_, "", parameters);
  } catch (const Error& error) {
    console_.warning(fmt::format("{}; only the last parameters are scored", error.what()));
    best_is_good = false;
  }
  const std::int64_t last = trainer_.epoch(data_.train.count);

  nlohmann::ordered_json results{{"split", describe_split(config_.data, data_.test, "test")},
                                 {config_.data.levels > 0 ? "coding" : "binarisation", coding_.describe()},
                                 {"precision", name_of(precision_)},
                                 {"note", data_.note},
                                 {"models", nlohmann::ordered_json::array()}};
  console_.line(fmt::format("{}, {}", std::string(results["split"]), coding_.describe()));
  const auto report = [&](const std::string& which, std::int64_t epoch, std::span<const float> values) {
    const Score result = score(values, data_.test);
    results["models"].push_back({{"parameters", which},
                                 {"epoch", epoch},
                                 {"images", result.images},
                                 {"nats_per_dim", result.nats_per_dim},
                                 {"nats_per_image", result.nats_per_image},
                                 {"bits_per_dim", result.bits_per_dim}});
    console_.line(fmt::format("test  {:.4f} nats/dim  {:.2f} nats/image  {:.4f} bits/dim  ({}, epoch {})",
                              result.nats_per_dim, result.nats_per_image, result.bits_per_dim, which, epoch));
  };
  if (best_is_good) report("lowest validation loss", best_->epoch, parameters);
  if (!best_is_good || best_->epoch != last) report("last", last, trainer_.evaluation_parameters());
  if (!data_.note.empty()) console_.warning("note: " + data_.note);
  write_file_atomic(directory_.results(), results.dump(2) + "\n");
  write_report("done");
}

void TrainingRun::write_report(const std::string& state) {
  show([&] {
    Report report = read_report(directory_);
    report.name = config_.name;
    report.state = state;
    report.coding = coding_.describe();
    report.note = data_.note;
    report.precision = name_of(precision_);
    report.threads = workers_.threads();
    write_file_atomic(directory_.report(), report_html(report, network_));
  });
}

}  // namespace pcnn

#include "engine/run/run_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/io/file.h"
#include "engine/io/image_grid.h"
#include "engine/io/png.h"
#include "engine/run/pictures.h"
#include "engine/run/report.h"
#include "engine/sample/sampler.h"
#include "engine/train/given_of.h"

namespace pcnn {
namespace {

EventFile::Value value_of(const std::string& yaml) {
  if (yaml == "true" || yaml == "false") return yaml == "true";
  double number = 0.0;
  const char* const end = yaml.data() + yaml.size();
  const auto [rest, error] = std::from_chars(yaml.data(), end, number);
  if (error == std::errc() && rest == end) return number;
  return yaml;
}

// What a run learns with and from; not where it lies, or how it is shown.
std::vector<std::pair<std::string, EventFile::Value>> hyper_parameters(const RunParts& run) {
  std::vector<std::pair<std::string, EventFile::Value>> values;
  for (const auto& [path, yaml] : run.values)
    if (yaml != "null" && (path == "seed" || path == "precision" || path.starts_with("data.") ||
                           path.starts_with("model.") || path.starts_with("train.")))
      values.emplace_back(path, value_of(yaml));
  return values;
}

}  // namespace

RunOutputs::RunOutputs(const RunParts& run, const RunLock& lock, const Workers& workers, Team team,
                       Console& console)
    : run_(run),
      lock_(lock),
      workers_(workers),
      team_(team),
      console_(console),
      write_best_effort_(lock, console) {}

void RunOutputs::go_on_from(const Start& start) {
  const std::int64_t step = start.step;
  const std::string path = run_.directory.metrics();
  const bool drops_epoch = start.epoch_is_open || start.epoch_goes_on;
  KeptMetrics kept = drop_metrics_after(
      path, {.epoch = step - (drops_epoch ? 1 : 0), .window = step - (start.window_is_open ? 1 : 0)});
  metrics_ = std::move(kept.log);
  const bool epoch_is_open =
      start.epoch_is_open || (start.epoch_goes_on && kept.first_dropped_epoch_step == step);
  const std::int64_t ended = start.epochs - (start.epoch_is_open ? 1 : 0);
  for (const std::string& note :
       {note_on(path, metrics_.unread), note_on_missing(path, metrics_.epochs, ended)})
    if (!note.empty()) console_.warning(note);
  void_from_ = step + (epoch_is_open || start.window_is_open ? 0 : 1);
  if (!epoch_is_open) return;
  // Of the open epoch's last step the window's event is voided with the others, and is not written again.
  const std::vector<WindowMetrics>& windows = metrics_.windows;
  if (!windows.empty() && windows.back().step == step) note_window_event(windows.back());
}

EventFile& RunOutputs::events() {
  if (!events_) {
    events_.emplace(run_.directory.path(), void_from_);
    write_best_effort_(
        [&] { events_->text(void_from_, "config", "```yaml\n" + run_.resolved_yaml + "```\n"); });
    write_best_effort_(
        [&] { events_->hyper_parameters(void_from_, run_.config.name, hyper_parameters(run_)); });
  }
  return *events_;
}

void RunOutputs::note_window(const Progress& progress, std::int64_t steps_per_epoch) {
  const WindowMetrics window{
      .epoch = static_cast<double>(progress.step) / static_cast<double>(steps_per_epoch),
      .step = progress.step,
      .steps = progress.window.steps,
      .images = progress.images,
      .seconds = progress.seconds,
      .images_per_second = progress.window.images_per_second(),
      .train_nats_per_dim = progress.window.nats_per_dim(),
      .learning_rate = progress.learning_rate,
      .grad_norm = progress.window.grad_norm()};
  lock_.check();
  append_metrics(run_.directory.metrics(), window);
  metrics_.windows.push_back(window);
  note_window_event(window);
}

void RunOutputs::note_window_event(const WindowMetrics& window) {
  const std::array<std::pair<std::string, double>, 4> values{
      {{"step/train_nats_per_dim", window.train_nats_per_dim},
       {"step/learning_rate", window.learning_rate},
       {"step/grad_norm", window.grad_norm},
       {"step/images_per_second", window.images_per_second}}};
  write_best_effort_([&] { events().scalars(window.step, values); });
}

void RunOutputs::note_scores(std::int64_t step, const std::vector<FinalScore>& scores) {
  const FinalScore& score = scores.front();
  const std::array<std::pair<std::string, double>, 3> values{{{"test/nats_per_dim", score.nats_per_dim},
                                                              {"test/nats_per_image", score.nats_per_image},
                                                              {"test/bits_per_dim", score.bits_per_dim}}};
  write_best_effort_([&] {
    EventFile& file = events();
    file.scalars(step, values);
    file.success(step);
  });
}

void RunOutputs::note_epoch(const EpochMetrics& epoch) {
  lock_.check();
  append_metrics(run_.directory.metrics(), epoch);
  metrics_.epochs.push_back(epoch);
  const std::array<std::pair<std::string, double>, 4> values{
      {{"epoch/train_nats_per_dim", epoch.train_nats_per_dim},
       {"epoch/validation_nats_per_dim", epoch.validation_nats_per_dim},
       {"epoch/validation_bits_per_dim", epoch.validation_nats_per_dim / std::numbers::ln2},
       {"epoch/grad_norm", epoch.grad_norm}}};
  write_best_effort_([&] { events().scalars(epoch.step, values); });
  write_best_effort_([&] {
    write_file_atomic(run_.directory.curves(),
                      draw_curves(run_.config.name, metrics_.epochs, metrics_.windows));
  });
}

GivenBatch RunOutputs::given_of_samples(const GridOfSamples& grid) {
  const Network& network = run_.network;
  GivenBatch given(network, to_index(grid.samples));
  if (!network.condition.any()) return given;
  const std::vector<int> rows = classes_of(grid.rows);
  if (network.condition.classes > 0) {
    given.classes = rows;
    return given;
  }
  given.take(given_of(network, run_.data.validation), rows);
  if (!std::exchange(said_rows_, true))
    console_.line("samples: " + describe(grid.rows, "the condition of validation image",
                                         "conditions of the first validation images"));
  return given;
}

void RunOutputs::draw_grid(std::span<const float> parameters, std::int64_t step, const std::string& path,
                           const std::function<void()>& go_on) {
  const SampleConfig& sample = run_.config.sample;
  const GridOfSamples in_grid = grid_of_samples(sample, run_.network, run_.data.validation.count);
  const GivenBatch given = given_of_samples(in_grid);
  const SampleRequest request{.chains = sample.count,
                              .seed = run_.config.seed,
                              .temperature = sample.temperature,
                              .given = given.view(),
                              .on_progress = [&](std::int64_t) { go_on(); }};
  SamplerConfig sampler = sample.sampler;
  sampler.precision = run_.precision;
  const Network& network = run_.network;
  // Others that are still at something, which was given up here, are not asked.
  const bool is_alone = !team_.ranks || team_.ranks->has_unfinished_job();
  const Samples samples =
      draw_samples(sampler, network, *run_.head, parameters, request, workers_, is_alone ? Team{} : team_);
  if (std::ranges::any_of(samples.images, [](float value) { return std::isnan(value); })) {
    console_.warning("note: no samples of step " + std::to_string(step) +
                     ": the parameters are too large to compute with");
    return;
  }
  std::vector<Image8> pictures = to_pictures(samples.images, network.shape(0, 1), *run_.head);
  if (in_grid.is_by_class) pictures = fill_rows(in_grid.rows, std::move(pictures));
  const Image8 grid = tile_images(pictures, in_grid.columns, kGridGap, sample.scale);
  lock_.check();
  write_best_effort_([&] {
    write_png(path, grid);
    events().image(step, "samples", read_text_file(path), grid.width, grid.height, grid.channels);
  });
}

void RunOutputs::write_report(const RunDirectory& directory, std::string_view state,
                              const std::string& reason) {
  write_best_effort_([&] {
    Report report = read_report(directory);
    report.metrics = metrics_.epochs;
    report.windows = metrics_.windows;
    report.name = run_.config.name;
    report.state = state;
    report.reason = reason;
    report.coding = run_.coding->describe();
    report.note = run_.data.note;
    report.precision = name_of(run_.precision);
    report.threads = workers_.threads();
    write_file_atomic(directory.report(), report_html(report, run_.network));
  });
}

}  // namespace pcnn

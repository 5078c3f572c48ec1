#include "engine/run/run_outputs.h"

#include <fmt/format.h>

#include <array>
#include <numbers>
#include <utility>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/image_grid.h"
#include "engine/io/png.h"
#include "engine/run/pictures.h"
#include "engine/run/report.h"
#include "engine/sample/sampler.h"

namespace pcnn {
namespace {

constexpr std::int64_t kStepsPerEvent = 100;

}  // namespace

RunOutputs::RunOutputs(const RunParts& run, const RunLock& lock, const Workers& workers, Console& console)
    : run_(run), lock_(lock), workers_(workers), console_(console) {}

void RunOutputs::go_on_from(std::int64_t step, bool epoch_is_open) {
  drop_metrics_after(run_.directory.metrics(), step - (epoch_is_open ? 1 : 0));
}

void RunOutputs::show(const std::function<void()>& write) {
  try {
    write();
  } catch (const LostDirectory&) {
    throw;
  } catch (const Error& error) {
    lock_.check();
    // A record that was cut short would hide those after it: events begin a new file.
    events_.reset();
    if (unshown_.insert(error.what()).second)
      console_.warning(fmt::format("{}; the run goes on without", error.what()));
  }
}

EventFile& RunOutputs::events(std::int64_t step) {
  if (!events_) {
    events_.emplace(run_.directory.path(), step);
    events_->text(step, "config", "```yaml\n" + run_.resolved_yaml + "```\n");
  }
  return *events_;
}

void RunOutputs::note_step(const Progress& progress) {
  if (progress.step % kStepsPerEvent != 0) return;
  lock_.check();
  const std::array<std::pair<std::string, double>, 3> values{
      {{"step/train_nats_per_dim", progress.train_nats_per_dim()},
       {"step/learning_rate", progress.learning_rate},
       {"step/images_per_second", progress.images_per_second()}}};
  show([&] { events(progress.step).scalars(progress.step, values); });
}

void RunOutputs::note_epoch(const EpochMetrics& epoch) {
  lock_.check();
  append_metrics(run_.directory.metrics(), epoch);
  const std::array<std::pair<std::string, double>, 4> values{
      {{"epoch/train_nats_per_dim", epoch.train_nats_per_dim},
       {"epoch/validation_nats_per_dim", epoch.validation_nats_per_dim},
       {"epoch/validation_bits_per_dim", epoch.validation_nats_per_dim / std::numbers::ln2},
       {"epoch/grad_norm", epoch.grad_norm}}};
  show([&] { events(epoch.step).scalars(epoch.step, values); });
  show([&] {
    write_file_atomic(run_.directory.curves(),
                      draw_curves(run_.config.name, read_metrics(run_.directory.metrics())));
  });
}

void RunOutputs::draw_grid(std::span<const float> parameters, std::int64_t step, const std::string& path,
                           const std::function<void()>& go_on) {
  const SampleConfig& sample = run_.config.sample;
  const SampleRequest request{.chains = sample.count,
                              .seed = run_.config.seed,
                              .temperature = sample.temperature,
                              .on_progress = [&](std::int64_t) { go_on(); }};
  SamplerConfig sampler = sample.sampler;
  sampler.precision = run_.precision;
  const Network& network = run_.network;
  const Samples samples = draw_samples(sampler, network, *run_.head, parameters, request, workers_);
  const Image8 grid = tile_images(to_pictures(samples.images, network.shape(0, 1), *run_.head),
                                  sample.columns, kGridGap, sample.scale);
  lock_.check();
  show([&] {
    write_png(path, grid);
    events(step).image(step, "samples", read_text_file(path), grid.width, grid.height, grid.channels);
  });
}

void RunOutputs::write_report(const RunDirectory& directory, std::string_view state,
                              const std::string& reason) {
  show([&] {
    Report report = read_report(directory);
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

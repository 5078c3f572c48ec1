#include "engine/run/eval_background.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/data/condition_file.h"
#include "engine/model/given.h"
#include "engine/run/eval_report.h"
#include "engine/run/score_by_class.h"
#include "engine/run/serve.h"
#include "engine/run/sweep_hint.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

// Bits that were stored as such say nothing of how they were made.
bool is_same_binarisation(const BinarisationConfig& a, const BinarisationConfig& b) {
  if (a.kind == BinarisationKind::kStored || b.kind == BinarisationKind::kStored) return true;
  return a.kind == b.kind && (a.kind != BinarisationKind::kThreshold || a.threshold == b.threshold);
}

bool is_same_coding(const DataConfig& a, const DataConfig& b) {
  return a.levels == b.levels && (a.levels > 0 || is_same_binarisation(a.binarisation, b.binarisation));
}

std::string coding_of(const DataConfig& data) {
  return make_pixel_coding(data)->describe();
}

PrecisionChoice precision_of(const EvalOptions& options, const RunConfig& config,
                             const TrainedModel& background) {
  const bool overridden = std::ranges::any_of(
      options.overrides, [](const std::string& text) { return text.starts_with("precision="); });
  return overridden ? config.precision : background.config.precision;
}

}  // namespace

TrainedModel load_background(const EvalOptions& options, const TrainedModel& model, const RunConfig& config) {
  refuse_sweep(options.background, "--background ");
  TrainedModel background = load_trained_model(options.background);
  const int channels = background.network.image_channels;
  if (channels != model.network.image_channels)
    throw ConfigError(fmt::format("--background: the images of {} have {}, accepted: {}, as those of {}",
                                  background.path, counted(channels, "channel"), model.network.image_channels,
                                  model.path));
  if (const std::vector<int> told =
          given_shape(resized(background.network, model.network.image_height, model.network.image_width));
      !told.empty() && told != given_shape(model.network))
    throw ConfigError(fmt::format(
        "--background: {} is told {} of each image, and {} is not; accepted: a model that is told nothing, a "
        "class, or the same",
        background.path, describe_condition(told), model.path));
  if (!is_same_coding(config.data, background.config.data))
    throw ConfigError(
        fmt::format("--background: {} was trained on pixels coded as '{}', accepted: '{}', as {} is "
                    "scored: likelihoods of two codings do not compare",
                    background.path, coding_of(background.config.data), coding_of(config.data), model.path));
  return background;
}

Evaluation::Background score_background(const EvalOptions& options, const TrainedModel& background,
                                        const RunConfig& config, const EvalData& data,
                                        const std::vector<double>& nats, const Workers& workers,
                                        std::vector<std::string>& notes) {
  const Network network = resized(background.network, data.images.height, data.images.width);
  if (network.shape(0, 1) != background.network.shape(0, 1))
    notes.push_back(fmt::format("the background model was trained on {}x{}", background.network.image_height,
                                background.network.image_width));
  const ChosenPrecision chosen = choose_precision(precision_of(options, config, background));
  if (!chosen.note.empty() && std::ranges::find(notes, chosen.note) == notes.end())
    notes.push_back(chosen.note);
  if (const std::string note = note_on_classes(background, data); !note.empty())
    notes.push_back("background: " + note);
  const int shard = shard_images(background.config.train, network);
  const Team team = send_model(options.ranks, background.resolved_yaml, network, shard, chosen.precision,
                               workers.threads());
  Scorer scorer(network, *background.head, shard, workers, chosen.precision, team);
  Evaluation::Background result{
      .model = background.path,
      .precision = name_of(chosen.precision),
      .nats = score_by_class(scorer, background, network, data, false, workers.threads(),
                             options.live ? "scoring with the background model" : "")
                  .nats,
      .log_ratio = {},
      .score = {},
      .log_ratio_per_image = 0.0,
      .interval = {}};
  result.score = summarise(result.nats, network.shape(0, 1).size());
  for (std::size_t i = 0; i < nats.size(); ++i) {
    result.log_ratio.push_back(result.nats[i] - nats[i]);
    result.log_ratio_per_image += result.log_ratio.back() / static_cast<double>(nats.size());
  }
  result.interval = interval_over_images(result.log_ratio);
  return result;
}

}  // namespace pcnn

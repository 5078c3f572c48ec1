#include "engine/run/eval_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/io/file.h"
#include "engine/io/png.h"
#include "engine/run/eval_background.h"
#include "engine/run/eval_data.h"
#include "engine/run/eval_report.h"
#include "engine/run/nll_map.h"
#include "engine/run/pictures.h"
#include "engine/run/result_file.h"
#include "engine/run/score_by_class.h"
#include "engine/run/score_images.h"
#include "engine/run/serve.h"
#include "engine/run/sweep_hint.h"
#include "engine/train/given_of.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

void check_options(const EvalOptions& options) {
  if (!options.split.empty() && !options.images.empty())
    throw ConfigError("--split and --images: one of the two is scored");
  if (!options.condition.empty() && options.images.empty())
    throw ConfigError(
        "--condition: only for --images; what is known of the images of a split is read with them");
  if (options.count > 0 && options.nll_map.empty())
    throw ConfigError("--count has no effect without --nll-map FILE.png");
  const auto check = [&](const std::string& path, const char* option, const char* ending) {
    if (path.empty()) return;
    check_ending(path, option, ending);
    for (const std::string* input :
         {&options.model, &options.images, &options.condition, &options.background})
      if (!input->empty() && is_same_file(path, *input))
        throw ConfigError(path + ": would be written over what is read from it; choose another name");
    check_result_file(path, options.overwrite);
  };
  check(options.scores, "--scores", ".csv");
  check(options.nll_map, "--nll-map", ".png");
}

int thread_count(const EvalOptions& options, const RunConfig& config) {
  if (options.threads > 0) return options.threads;
  const bool overridden = std::ranges::any_of(
      options.overrides, [](const std::string& text) { return text.starts_with("threads="); });
  return overridden ? config.threads : available_threads();
}

// How many of either end are shown.
int shown_count(const EvalOptions& options, int images) {
  return std::min(options.count > 0 ? options.count : 8, images);
}

void check_nll_map(const EvalOptions& options, const Shape& image, int images) {
  if (image.c != 1 && image.c != 3)
    throw ConfigError(
        fmt::format("--nll-map: images of {} channels make no picture, accepted: 1 or 3", image.c));
  check_picture(options.nll_map, std::int64_t{kNllMapColumns} * shown_count(options, images), image,
                kNllMapColumns, kGridGap, nll_map_scale(image), "take a smaller --count");
}

Evaluation::NllMap write_nll_map(const EvalOptions& options, Scorer& scorer, const TrainedModel& model,
                                 const Network& network, const EvalData& data, const Evaluation& evaluation) {
  std::vector<int> order(evaluation.nats.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {},
                           [&](int image) { return evaluation.nats[static_cast<std::size_t>(image)]; });
  const int count = shown_count(options, data.images.count);
  Evaluation::NllMap nll_map{.most_likely = {order.begin(), order.begin() + count},
                             .least_likely = {order.rbegin(), order.rbegin() + count}};
  std::vector<int> shown;  // in reading order
  for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
    shown.push_back(nll_map.most_likely[row]);
    shown.push_back(nll_map.least_likely[row]);
  }
  const std::size_t size = evaluation.image.size();
  const FillImage fill = [&, encode = fill_from(data)](int position, std::span<float> image) {
    encode(shown[static_cast<std::size_t>(position)], image);
  };
  GivenBatch given(network, shown.size());
  given.take(given_of(network, data.images), shown);
  std::vector<float> images(shown.size() * size);
  for (std::size_t i = 0; i < shown.size(); ++i)
    fill(static_cast<int>(i), std::span(images).subspan(i * size, size));
  const std::vector<float> pixel_nats =
      scorer.pixel_nats(model.parameters, static_cast<int>(shown.size()), fill, given.view());
  const NllMapPicture drawn = draw_nll_map(images, pixel_nats, evaluation.image, *model.head);
  write_png(options.nll_map, drawn.picture);
  nll_map.white_nats = drawn.white_nats;
  return nll_map;
}

// The names of classes, or their numbers.
std::vector<std::string> label_texts(std::span<const int> labels, const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const int label : labels) {
    const auto at = static_cast<std::size_t>(label);
    texts.push_back(at < names.size() ? names[at] : std::to_string(label));
  }
  return texts;
}

void check_classes(const EvalOptions& options, const TrainedModel& model, const EvalData& data) {
  const Condition& condition = model.network.condition;
  if (options.classify && condition.classes == 0)
    throw ConfigError(
        fmt::format("--classify: {} was trained {}, and knows no classes", model.path,
                    condition.any() ? "with another condition than classes" : "without model.condition"));
  if (!options.condition.empty() && given_shape(model.network).empty())
    throw ConfigError(fmt::format(
        "--condition: {} was trained without model.condition.vector or map, and is told no numbers",
        model.path));
  if (!options.nll_map.empty() && model.network.condition.classes > 0 && !data.has_classes)
    throw ConfigError(fmt::format(
        "--nll-map: {} is told the class of an image, and those of {} have none that it knows; accepted: the "
        "images of a split",
        model.path, options.images));
}

}  // namespace

Evaluation evaluate(const EvalOptions& options) {
  check_options(options);
  refuse_sweep(options.model, "pcnn-eval ");
  const TrainedModel model = load_trained_model(options.model);
  const RunConfig config = overridden_config(model, options);
  std::optional<TrainedModel> background;
  if (!options.background.empty()) background = load_background(options, model, config);
  for (const std::string* result : {&options.scores, &options.nll_map})
    for (const std::string& input : {model.path, background ? background->path : model.path})
      if (!result->empty() && is_same_file(*result, input))
        throw ConfigError(*result + ": would be written over what is read from it; choose another name");
  const EvalData data = load_eval_data(model, config, options);
  const ChosenPrecision chosen = choose_precision(config.precision);
  const Network network = resized(model.network, data.images.height, data.images.width);

  Evaluation evaluation{.model = model.path,
                        .split = data.description,
                        .coding = data.coding->describe(),
                        .binary = config.data.levels == 0,
                        .precision = name_of(chosen.precision),
                        .image = network.shape(0, 1),
                        .nats = {},
                        .file_index = data.images.ids,
                        .files = data.images.files,
                        .labels = label_texts(data.images.labels, data.images.label_names),
                        .score = {},
                        .nats_per_image = {},
                        .notes = data.notes,
                        .background = {},
                        .classification = {},
                        .nll_map = {},
                        .seconds = 0.0};
  evaluation.notes.insert(evaluation.notes.begin(), config.notes.begin(), config.notes.end());
  for (std::uint32_t& id : evaluation.file_index) id &= ~ImageSet::kTestId;
  if (!chosen.note.empty()) evaluation.notes.push_back(chosen.note);
  check_classes(options, model, data);
  if (const std::string note = note_on_classes(model, data); !note.empty()) evaluation.notes.push_back(note);
  if (!options.nll_map.empty()) check_nll_map(options, evaluation.image, data.images.count);

  const Workers workers(thread_count(options, config));
  const int shard = shard_images(config.train, network);
  const Team team =
      send_model(options.ranks, model.resolved_yaml, network, shard, chosen.precision, workers.threads());
  Scorer scorer(network, *model.head, shard, workers, chosen.precision, team);
  const auto start = std::chrono::steady_clock::now();
  ClassScores scores = score_by_class(scorer, model, network, data, options.classify, workers.threads(),
                                      options.live ? "scoring" : "");
  evaluation.nats = std::move(scores.nats);
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  evaluation.score = summarise(evaluation.nats, evaluation.image.size());
  evaluation.nats_per_image = interval_over_images(evaluation.nats);
  if (options.classify) {
    evaluation.classification = classify(scores.by_class, data);
    evaluation.classification->names =
        label_texts(evaluation.classification->predicted,
                    data.has_classes ? data.images.label_names : std::vector<std::string>{});
  }

  if (background)
    evaluation.background =
        score_background(options, *background, config, data, evaluation.nats, workers, evaluation.notes);
  if (!options.scores.empty()) write_file_atomic(options.scores, scores_csv(evaluation));
  if (!options.nll_map.empty())
    evaluation.nll_map = write_nll_map(options, scorer, model, network, data, evaluation);
  return evaluation;
}

}  // namespace pcnn

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "engine/api/denormals.h"
#include "engine/api/pcnn.h"
#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/core/memory.h"
#include "engine/core/parallel.h"
#include "engine/core/version.h"
#include "engine/data/binarise.h"
#include "engine/data/quantise.h"
#include "engine/model/given.h"
#include "engine/model/graph.h"
#include "engine/model/receptive_field.h"
#include "engine/run/class_rows.h"
#include "engine/run/partial_images.h"
#include "engine/run/precision_choice.h"
#include "engine/run/score_by_class.h"
#include "engine/run/score_images.h"
#include "engine/run/trained_model.h"
#include "engine/sample/sampler.h"
#include "engine/train/given_of.h"
#include "engine/train/scorer.h"
#include "engine/train/shard_size.h"

namespace pcnn::api {

const char* version() {
  return pcnn::version();
}

struct Model::Impl {
  Impl(const std::string& run_or_checkpoint, int threads)
      : model(load_trained_model(run_or_checkpoint)),
        precision(choose_precision(model.config.precision).precision),
        workers(thread_count(threads)) {}

  static int thread_count(int asked) {
    if (asked < 0 || asked > 1024)
      throw ConfigError(fmt::format("threads: found {}, accepted: 1 to 1024, or 0 for all cores", asked));
    return asked > 0 ? asked : available_threads();
  }

  [[nodiscard]] Network sized(int height, int width) const {
    if (height < 0 || width < 0)
      throw ConfigError(fmt::format("images of {}x{}, accepted: 1 or more rows and columns", height, width));
    return resized(model.network, height > 0 ? height : model.network.image_height,
                   width > 0 ? width : model.network.image_width);
  }

  [[nodiscard]] int count_of(const Images& images, const Network& network) const {
    const std::size_t size = network.shape(0, 1).size();
    if (images.levels.empty() || images.levels.size() % size != 0 ||
        images.levels.size() > to_index(std::numeric_limits<int>::max()))
      throw ConfigError(fmt::format("{} values given, accepted: one image or more of {}",
                                    images.levels.size(), network.shape(0, 1).text()));
    const int levels = model.head->levels();
    for (std::size_t i = 0; i < images.levels.size(); ++i)
      if (images.levels[i] >= levels)
        throw ConfigError(fmt::format("image {}: found the value {}, accepted: levels, 0 to {}", i / size,
                                      images.levels[i], levels - 1));
    return static_cast<int>(images.levels.size() / size);
  }

  // As pcnn-eval has them, of levels as they are stored.
  [[nodiscard]] EvalData data_of(const Images& images, const Told& told, const Network& network) const {
    EvalData data;
    data.description = "the images";
    data.images = {.name = "images",
                   .count = count_of(images, network),
                   .channels = network.image_channels,
                   .height = network.image_height,
                   .width = network.image_width,
                   .values = model.head->levels(),
                   .pixels = {images.levels.begin(), images.levels.end()},
                   .ids = {}};
    data.images.ids = ids_in_order(data.images.count);
    if (model.head->levels() == 2 && model.config.model.head.kind == HeadKind::kBernoulli)
      data.coding = std::make_unique<Binariser>(BinarisationConfig{.kind = BinarisationKind::kStored});
    else
      data.coding = std::make_unique<Quantiser>(model.head->levels(), model.head->levels());
    check_told(told, network, data.images.count);
    data.images.labels = {told.classes.begin(), told.classes.end()};
    data.has_classes = !told.classes.empty();
    data.images.conditions = {told.numbers.begin(), told.numbers.end()};
    if (!told.numbers.empty()) data.images.condition_shape = given_shape(network);
    return data;
  }

  // Told what the model is told, of so many images; of classes, or nothing.
  void check_told(const Told& told, const Network& network, int images) const {
    const int classes = network.condition.classes;
    if (!told.classes.empty() && told.classes.size() != to_index(images))
      throw ConfigError(
          fmt::format("{} classes given of {} images, accepted: one for each", told.classes.size(), images));
    if (!told.classes.empty() && classes == 0)
      throw ConfigError(fmt::format("classes given: {} is told none", model.path));
    for (const int of_image : told.classes)
      if (of_image < 0 || of_image >= classes)
        throw ConfigError(fmt::format("found the class {}, accepted: 0 to {}", of_image, classes - 1));
    const std::size_t numbers = given_values(network) * to_index(images);
    for (std::size_t i = 0; i < told.numbers.size(); ++i)
      if (!std::isfinite(told.numbers[i]))
        throw ConfigError(
            fmt::format("numbers: found {} as number {}, accepted: finite numbers", told.numbers[i], i));
    if (told.numbers.size() != numbers)
      throw ConfigError(fmt::format("{} numbers given of {} images, accepted: {}, which {} is told",
                                    told.numbers.size(), images, numbers, model.path));
  }

  // Calls run(scorer, data).
  template <typename Run>
  auto score(const Images& images, const Told& told, Run&& run) const {
    const std::lock_guard lock(mutex);
    const DenormalsFlushed flushed;
    const Network network = sized(images.height, images.width);
    const EvalData data = data_of(images, told, network);
    Scorer scorer(network, *model.head, shard_images(model.config.train, network), workers, precision);
    return run(scorer, network, data);
  }

  // What every image is told where each has to be.
  [[nodiscard]] Given given_of_each(const Network& network, const EvalData& data) const {
    if (network.condition.classes > 0 && !data.has_classes)
      throw ConfigError(
          fmt::format("{} is told the class of an image: accepted: with one for each", model.path));
    return given_of(network, data.images);
  }

  // `each` of every image: of those of the canvas, or where that is empty of as many as are drawn.
  [[nodiscard]] Drawn draw(const Drawing& drawing, const Network& network, int images, int each,
                           const Canvas& canvas) const;

  TrainedModel model;
  Precision precision;
  Workers workers;
  mutable std::mutex mutex;  // of what computes
};

Drawn Model::Impl::draw(const Drawing& drawing, const Network& network, int images, int each,
                        const Canvas& canvas) const {
  if (!(drawing.temperature >= 0.0 && drawing.temperature <= kMostTemperature))
    throw ConfigError(fmt::format("temperature: found {}, accepted: 0 to 1000", drawing.temperature));
  const int chains = images * each, classes = network.condition.classes;
  const bool shares = classes > 0 && drawing.told.classes.empty();
  std::vector<int> shared;
  if (shares) shared = classes_of(share_out(canvas.pixels.empty() ? chains : each, all_classes(classes)));
  std::vector<int> positions;  // of each chain, in what is told
  for (int chain = 0; chain < chains; ++chain)
    positions.push_back(shares ? chain % static_cast<int>(shared.size()) : chain / each);
  GivenBatch given(network, to_index(chains));
  given.take({shares ? std::span<const int>(shared) : drawing.told.classes, drawing.told.numbers}, positions);
  Samples samples = draw_samples({.precision = precision}, network, *model.head, model.parameters,
                                 {.chains = chains,
                                  .seed = drawing.seed,
                                  .temperature = drawing.temperature,
                                  .given = given.view(),
                                  .canvas = canvas.pixels,
                                  .known = canvas.known,
                                  .with_probabilities = drawing.with_probabilities},
                                 workers);
  Drawn drawn{.levels = {},
              .shape = {network.image_channels, network.image_height, network.image_width},
              .probabilities = std::move(samples.probabilities)};
  drawn.levels.reserve(samples.images.size());
  for (const float value : samples.images) {
    if (std::isnan(value)) refuse_too_large(model, "what images are drawn from");
    drawn.levels.push_back(static_cast<Level>(model.head->level(value)));
  }
  return drawn;
}

Model::Model(const std::string& run_or_checkpoint, int threads) {
  const DenormalsFlushed flushed;
  impl_ = std::make_unique<const Impl>(run_or_checkpoint, threads);
}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const std::string& Model::path() const {
  return impl_->model.path;
}

const std::string& Model::config() const {
  return impl_->model.resolved_yaml;
}

ImageShape Model::shape() const {
  const Network& network = impl_->model.network;
  return {network.image_channels, network.image_height, network.image_width};
}

int Model::levels() const {
  return impl_->model.head->levels();
}

int Model::classes() const {
  return impl_->model.network.condition.classes;
}

std::vector<int> Model::condition_shape() const {
  return given_shape(impl_->model.network);
}

std::vector<Model::Parameter> Model::parameters() const {
  std::vector<Parameter> all;
  for (const pcnn::Parameter& parameter : impl_->model.network.parameters)
    all.push_back({parameter.name, parameter.shape,
                   std::span(impl_->model.parameters).subspan(parameter.offset, parameter.size)});
  return all;
}

std::string Model::graph() const {
  return pcnn::network_graph(impl_->model.network, impl_->model.config.model.head);
}

std::vector<std::pair<int, int>> Model::receptive_field() const {
  const Network& network = impl_->model.network;
  std::vector<std::pair<int, int>> field;
  for (const Offset& offset : pcnn::receptive_field(network, network.groups - 1))
    if (offset != Offset{0, 0}) field.push_back(offset);
  return field;
}

std::vector<double> Model::nats(const Images& images, const Told& told) const {
  return impl_->score(images, told, [&](Scorer& scorer, const Network& network, const EvalData& data) {
    return score_by_class(scorer, impl_->model, network, data, false, impl_->workers.threads(), "").nats;
  });
}

std::vector<float> Model::pixel_nats(const Images& images, const Told& told) const {
  return impl_->score(images, told, [&](Scorer& scorer, const Network& network, const EvalData& data) {
    return scorer.pixel_nats(impl_->model.parameters, data.images.count, fill_from(data),
                             impl_->given_of_each(network, data));
  });
}

std::vector<float> Model::logits(const Images& images, const Told& told) const {
  return impl_->score(images, told, [&](Scorer& scorer, const Network& network, const EvalData& data) {
    return scorer.logits(impl_->model.parameters, data.images.count, fill_from(data),
                         impl_->given_of_each(network, data));
  });
}

int Model::logit_channels() const {
  return impl_->model.head->logit_channels();
}

namespace {

// Samplers count dimensions of all images together in int.
void check_count(const Network& network, int count, int of_each) {
  if (count < 1) throw ConfigError(fmt::format("count: found {}, accepted: 1 or more, or 0", count));
  const double chains = static_cast<double>(count) * of_each,
               dims = chains * static_cast<double>(network.shape(0, 1).size());
  if (dims > std::numeric_limits<int>::max())
    throw ConfigError(fmt::format("{:.0f} images of {} are {:.3g} dimensions, accepted: up to {} in one call",
                                  chains, network.shape(0, 1).text(), dims, std::numeric_limits<int>::max()));
  require_memory((2.0 * sizeof(float) + sizeof(Level)) * dims,
                 fmt::format("drawing {:.0f} images takes", chains), "fewer at a time take less");
}

}  // namespace

Drawn Model::sample(const Drawing& drawing) const {
  const std::lock_guard lock(impl_->mutex);
  const DenormalsFlushed flushed;
  const Network network = impl_->sized(drawing.height, drawing.width);
  const int count = drawing.count == 0 ? 25 : drawing.count;
  check_count(network, count, 1);
  impl_->check_told(drawing.told, network, count);
  return impl_->draw(drawing, network, count, 1, {});
}

Drawn Model::complete(const Images& images, std::span<const std::uint8_t> known,
                      const Drawing& drawing) const {
  const std::lock_guard lock(impl_->mutex);
  const DenormalsFlushed flushed;
  if (drawing.height != 0 || drawing.width != 0)
    throw ConfigError(
        "height and width of a drawing: accepted in sample() alone; completions are as large as the images");
  const Network network = impl_->sized(images.height, images.width);
  const int count = impl_->count_of(images, network), each = drawing.count == 0 ? 1 : drawing.count;
  const Shape shape = network.shape(0, 1);
  const std::size_t area = to_index(shape.h) * to_index(shape.w);
  if (known.size() != area * to_index(count))
    throw ConfigError(fmt::format("{} values of what is known, accepted: {}, one for each pixel of {} images",
                                  known.size(), area * to_index(count), count));
  check_count(network, each, count);
  impl_->check_told(drawing.told, network, count);
  PartialImages partial{.shape = network.shape(0, count), .pixels = {}, .known = {}};
  for (const Level level : images.levels) partial.pixels.push_back(impl_->model.head->value(level));
  for (const std::uint8_t value : known) partial.known.push_back(value != 0);
  return impl_->draw(drawing, network, count, each, repeated(partial, each));
}

}  // namespace pcnn::api

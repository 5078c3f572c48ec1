#include "engine/run/sample_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "engine/io/file_ending.h"
#include "engine/io/image_grid.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/run/class_rows.h"
#include "engine/run/console.h"
#include "engine/run/partial_images.h"
#include "engine/run/pictures.h"
#include "engine/run/progress_line.h"
#include "engine/run/result_file.h"
#include "engine/run/sample_output.h"
#include "engine/run/serve.h"
#include "engine/run/sweep_hint.h"
#include "engine/run/told_rows.h"
#include "engine/run/trained_model.h"

namespace pcnn {
namespace {

// Results never go where an input is read from, nor two results to one place.
void check_distinct(const SampleOptions& options) {
  for (const std::string* result : {&options.output, &options.trace})
    for (const std::string* input : {&options.model, &options.complete, &options.mask, &options.condition})
      if (!result->empty() && !input->empty() && is_same_file(*result, *input))
        throw ConfigError(*result + ": would be written over what is read from it; choose another name");
  if (!options.trace.empty() && is_same_file(options.trace, options.output))
    throw ConfigError(options.trace + ": --trace and --output are one file");
}

void check_options(const SampleOptions& options) {
  if (options.complete.empty() != options.mask.empty())
    throw ConfigError(options.mask.empty() ? "--complete needs --mask FILE, white where pixels are known"
                                           : "--mask needs --complete FILE, the image it belongs to");
  if (!(options.temperature >= 0.0 && options.temperature <= kMostTemperature))
    throw ConfigError("--temperature: not a number in [0, 1000]");
  check_distinct(options);
  check_output(options.output, options.overwrite);
  if (options.trace.empty()) return;
  check_ending(options.trace, "--trace", ".npy");
  check_result_file(options.trace, options.overwrite);
}

// Samplers count dimensions of all images together in int.
void check_size(const Shape& image, int chains) {
  const double dims = static_cast<double>(chains) * image.c * image.h * image.w;
  if (dims > std::numeric_limits<int>::max())
    throw ConfigError(fmt::format("{} images of {}x{} are {:.3g} dimensions, accepted: up to {} in one call",
                                  chains, image.h, image.w, dims, std::numeric_limits<int>::max()));
}

// Bytes that all images take while they are drawn and written: their values, those that are known, what is
// given of them, the probabilities asked for, and the pictures.
void check_memory(const SampleOptions& options, const Network& network, int chains, const OutputHead& head,
                  bool completes, OutputKind kind, int scale) {
  const Shape image = network.shape(0, 1);
  const double pixels = static_cast<double>(chains) * image.h * image.w, dims = pixels * image.c;
  double bytes =
      sizeof(float) * (dims + static_cast<double>(chains) * static_cast<double>(given_values(network)));
  if (completes) bytes += sizeof(float) * dims + pixels;
  if (!options.trace.empty()) bytes += sizeof(float) * dims * head.probability_count();
  bytes += kind == OutputKind::kArray ? 2.0 * dims : pixels * (image.c == 3 ? 3 : 1) * (1.0 + scale * scale);
  require_memory(bytes,
                 fmt::format("{}: drawing {} of {}x{} takes", options.output, counted(chains, "image"),
                             image.h, image.w),
                 "a smaller --count takes less");
}

// Seconds that drawing will take, from a small draw of the same network: features of a pixel cost the same
// wherever it lies, a forward pass as much as it has pixels.
double expected_seconds(const SamplerConfig& sampler, const Network& network, const TrainedModel& model,
                        int chains, const Workers& workers) {
  constexpr int kSide = 4;
  const Network small =
      resized(network, std::min(network.image_height, kSide), std::min(network.image_width, kSide));
  const int few = std::min(chains, 16 * workers.threads());
  const GivenBatch given(small, static_cast<std::size_t>(few));
  const SampleRequest request{.chains = few, .given = given.view()};
  const auto start = std::chrono::steady_clock::now();
  (void)draw_samples(sampler, small, *model.head, model.parameters, request, workers);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double more =
      static_cast<double>(network.shape(0, 1).size()) / static_cast<double>(small.shape(0, 1).size());
  return seconds * chains / request.chains * more * (sampler.kind == SamplerKind::kNaive ? more : 1.0);
}

// Says how long a draw of many pixels will take, where that is long.
void announce_time(const SamplerConfig& sampler, const Network& network, const TrainedModel& model,
                   int chains, const Workers& workers, int ranks, Console& console) {
  constexpr double kManyPixels = 1 << 20, kLong = 60.0;
  const double pixels = static_cast<double>(chains) * network.image_height * network.image_width;
  if (pixels < kManyPixels && sampler.kind != SamplerKind::kNaive) return;
  const double seconds = expected_seconds(sampler, network, model, chains, workers) / ranks;
  if (seconds < kLong) return;
  console.line(fmt::format("drawing {} pixels, which takes about {} here; progress follows",
                           grouped(static_cast<std::int64_t>(pixels)), clock_text(seconds)));
}

template <typename Level>
void write_levels(const std::string& path, const Shape& shape, std::span<const float> images,
                  const OutputHead& head) {
  std::vector<Level> levels;
  for (const float value : images) levels.push_back(static_cast<Level>(head.level(value)));
  write_npy(path, {shape.n, shape.c, shape.h, shape.w}, levels);
}

void write_array(const std::string& path, const Shape& shape, std::span<const float> images,
                 const OutputHead& head) {
  if (head.levels() <= 256) return write_levels<std::uint8_t>(path, shape, images, head);
  write_levels<std::uint16_t>(path, shape, images, head);
}

// One number per dimension for binary images, else one per level.
void write_trace(const std::string& path, const Shape& shape, std::span<const float> probabilities,
                 int per_dimension) {
  std::vector<std::int64_t> extents{shape.n, shape.c, shape.h, shape.w};
  if (per_dimension > 1) extents.push_back(per_dimension);
  write_npy(path, extents, probabilities);
}

Network network_for(const SampleOptions& options, const TrainedModel& model,
                    const std::optional<PartialImages>& partial) {
  int height = options.height, width = options.width;
  if (partial) {
    const Shape& shape = partial->shape;
    if ((height > 0 && height != shape.h) || (width > 0 && width != shape.w))
      throw ConfigError(fmt::format("--height and --width: {} is {}x{}", options.complete, shape.h, shape.w));
    height = shape.h;
    width = shape.w;
  }
  return resized(model.network, height > 0 ? height : model.network.image_height,
                 width > 0 ? width : model.network.image_width);
}

// What single pictures do not hold of the images, so that they do not score alike.
std::string lost_in_pictures(const OutputHead& head, const Shape& image) {
  if (image.c != 1 && image.c != 3)
    return fmt::format("note: the pictures show the first of {} channels; a .npy holds all", image.c);
  if (head.levels() > 256)
    return fmt::format("note: the pictures show {} levels in 256 steps; a .npy holds them", head.levels());
  return {};
}

// Of each partial image, or in all. At temperature 0 all images that are told the same would be the
// same.
int images_of_each(const SampleOptions& options, bool completes, std::span<const int> classes) {
  constexpr int kMostOfAClass = 10, kMostOfFew = 100;
  if (options.count > 0) return options.count;
  const int several = std::max(1, static_cast<int>(classes.size()));
  if (options.temperature == 0.0) return several;
  if (several == 1) return completes ? 7 : 25;
  return completes ? several : several * std::clamp(kMostOfFew / several, 1, kMostOfAClass);
}

// What guessing pixels saved.
std::string describe(const SpeculationCounts& counts, double batches, const char* unit) {
  const double passes = static_cast<double>(counts.passes) / batches;
  if (counts.guessed == 0) return fmt::format("no pixels guessed, {:.0f} passes {}", passes, unit);
  return fmt::format("{:.0f} % of guessed pixels kept, {:.0f} passes {}",
                     100.0 * static_cast<double>(counts.kept) / static_cast<double>(counts.guessed), passes,
                     unit);
}

std::string describe(const SampleOptions& options, const Samples& samples, int chains, int threads) {
  const char* const precision = name_of(samples.precision);
  if (options.sampler.kind == SamplerKind::kNaive)
    return fmt::format("naive sampler, {}, {}", precision, counted(threads, "thread"));
  const int batch = samples.chain_batch;
  const std::string text =
      fmt::format("incremental sampler, {}, batches of {}, {}", pixel_kernel(samples.precision).arithmetic,
                  counted(batch, "chain"), counted(threads, "thread"));
  if (samples.longest_span == 1) return text;
  return text + "; " +
         describe(samples.speculation, (chains + batch - 1) / batch, batch == 1 ? "an image" : "a batch");
}

}  // namespace

void sample(const SampleOptions& options) {
  check_options(options);
  refuse_sweep(options.model, "pcnn-sample ");
  const TrainedModel model = load_trained_model(options.model);
  std::optional<PartialImages> partial;
  if (model.config.data.quantised && !options.complete.empty() && !has_ending(options.complete, ".npy"))
    throw ConfigError(options.complete +
                      ": a picture holds pixels, and the model was trained on levels as "
                      "stored, accepted: .npy");
  if (!options.complete.empty())
    partial = read_partial_images(options.complete, options.mask, model.network.image_channels, *model.head,
                                  model.config.data.binarisation.threshold, model.config.data.arrays);
  const Network network = network_for(options, model, partial);
  const int partial_images = partial ? partial->shape.n : 0, inputs = std::max(1, partial_images);
  const ToldRows told = told_rows(options, model, network, partial_images);
  const int each = images_of_each(options, partial.has_value(), told.chosen);
  const std::string left_out = note_on_left_out(options, told, each);
  if (each > std::numeric_limits<int>::max() / inputs)
    throw ConfigError("--count: too many for " + options.complete);
  const int chains = each * inputs;
  std::vector<ClassRow> rows;
  if (!told.chosen.empty()) rows = share_out(each, told.chosen);
  const bool shows_rows = !partial && options.columns == 0 && rows.size() > 1;
  const int columns = partial ? each + 1 : shows_rows ? columns_of(rows) : options.columns;
  check_size(network.shape(0, 1), chains);
  const Shape image = network.shape(0, 1);
  const OutputKind kind = output_kind(options.output);
  const int scale = options.scale > 0 ? options.scale : kind == OutputKind::kGrid ? 4 : 1;
  if (kind == OutputKind::kGrid)
    check_picture(options.output,
                  shows_rows ? static_cast<std::int64_t>(rows.size()) * columns
                             : std::int64_t{chains} + (partial ? inputs : 0),
                  image, columns, kGridGap, scale, "use .npy, a folder, or a smaller --scale");
  if (kind == OutputKind::kFolder)
    check_picture(options.output, 1, image, 1, 0, scale, "use .npy or a smaller --scale");
  check_memory(options, network, chains, *model.head, partial.has_value(), kind, scale);
  const Canvas canvas = partial ? repeated(*partial, each) : Canvas{};
  const Shape shape = network.shape(0, chains);
  const GivenBatch given = given_of_images(told, network, rows, each, partial_images);

  Console console(options.verbosity);
  const ChosenPrecision chosen = choose_precision(options.precision.value_or(model.config.precision));
  if (!chosen.note.empty()) console.warning(chosen.note);
  if (!model.note.empty()) console.warning("note: " + model.note);
  if (!left_out.empty()) console.warning(left_out);
  if (partial && !partial->passed_over.empty()) console.warning("note: " + partial->passed_over);
  SamplerConfig sampler = options.sampler;
  sampler.precision = chosen.precision;
  console.detail(fmt::format("{} of {}x{}x{}, {} parameters of {}", counted(chains, "image"), shape.c,
                             shape.h, shape.w, network.parameter_count(), model.path));
  const Workers workers(options.threads > 0 ? options.threads : available_threads());
  announce_time(sampler, network, model, chains, workers, options.ranks ? options.ranks->size() : 1, console);
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto all_pixels = static_cast<double>(chains) * shape.h * shape.w;
  SampleRequest request{.chains = chains,
                        .seed = options.seed,
                        .temperature = options.temperature,
                        .given = given.view(),
                        .canvas = canvas.pixels,
                        .known = canvas.known,
                        .with_probabilities = !options.trace.empty()};
  request.on_progress = [&](std::int64_t pixels) {
    if (!console.wants_live()) return;
    const double share = static_cast<double>(pixels) / all_pixels;
    console.live(fmt::format("sampling {:.0f} %  {:.1f} images/s  {} left", 100.0 * share,
                             chains * share / elapsed(), clock_text(elapsed() * (1.0 - share) / share)));
  };
  const Team team =
      send_model(options.ranks, model.resolved_yaml, network, 1, chosen.precision, workers.threads());
  const Samples samples =
      draw_samples(sampler, network, *model.head, model.parameters, request, workers, team);
  const double seconds = elapsed();
  if (std::ranges::any_of(samples.images, [](float value) { return std::isnan(value); }))
    refuse_too_large(model, "what images are drawn from");

  std::vector<Image8> pictures;
  std::string beside_them;
  if (kind != OutputKind::kArray) pictures = to_pictures(samples.images, image, *model.head);
  switch (kind) {
    case OutputKind::kGrid:
      if (partial) pictures = beside(partial_pictures(*partial, *model.head), pictures, each);
      if (shows_rows) pictures = fill_rows(rows, std::move(pictures));
      write_png(options.output, tile_images(pictures, columns, kGridGap, scale));
      break;
    case OutputKind::kArray:
      write_array(options.output, shape, samples.images, *model.head);
      break;
    case OutputKind::kFolder:
      beside_them = describe(write_picture_folder(options.output, pictures, scale), options.output);
  }
  if (!options.trace.empty())
    write_trace(options.trace, shape, samples.probabilities, model.head->probability_count());
  console.line(fmt::format("{} of {}x{} in {:.2f} s: {:.1f} images/s ({}) from {} to {}",
                           counted(chains, "image"), shape.h, shape.w, seconds, chains / seconds,
                           describe(options, samples, chains, workers.threads()), model.path,
                           options.output));
  if (!rows.empty())
    console.line(fmt::format("{}{}{}, in this order", describe(rows, told.one, told.many),
                             options.condition.empty() ? "" : " of " + options.condition,
                             partial ? ", of each partial image" : ""));
  if (!beside_them.empty()) console.line(beside_them);
  if (const std::string note = lost_in_pictures(*model.head, image);
      kind == OutputKind::kFolder && !note.empty())
    console.line(note);
}

}  // namespace pcnn

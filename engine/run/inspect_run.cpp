#include "engine/run/inspect_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/compile/causality.h"
#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/core/standard_files.h"
#include "engine/data/dataset.h"
#include "engine/io/file.h"
#include "engine/io/file_ending.h"
#include "engine/io/image_grid.h"
#include "engine/io/png.h"
#include "engine/model/field_grid.h"
#include "engine/model/graph.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/model/summary.h"
#include "engine/run/console.h"
#include "engine/run/field_picture.h"
#include "engine/run/progress_line.h"
#include "engine/run/result_file.h"
#include "engine/run/sweep_hint.h"
#include "engine/run/trained_model.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

void check_options(const InspectOptions& options) {
  if (!file_exists(options.network))
    throw ConfigError(options.network +
                      ": not found, accepted: a config, a run directory (runs/NAME) or a checkpoint file");
  refuse_sweep(options.network, "pcnn-inspect ");
  const auto check_result = [&](const std::string& path, const char* option, const char* ending) {
    check_ending(path, option, ending);
    if (is_same_file(path, options.network))
      throw ConfigError(path + ": would be written over what is read from it; choose another name");
    check_result_file(path, options.overwrite);
  };
  if (!options.field.empty()) check_result(options.field, "--field", ".png");
  if (!options.graph.empty() && options.graph != "-") check_result(options.graph, "--graph", ".json");
}

struct Subject {
  Network network;
  HeadConfig head_config;
  std::unique_ptr<const OutputHead> head;
  std::vector<float> parameters;
  std::string whose_parameters;
  PrecisionChoice precision;
  std::vector<std::string> notes;
};

Subject load_subject(const InspectOptions& options) {
  std::error_code error;
  if (fs::is_directory(options.network, error) || has_ending(options.network, ".safetensors")) {
    if (!options.overrides.empty())
      throw ConfigError("override '" + options.overrides.front() +
                        "': a checkpoint keeps its config; what may be overridden is a config's");
    TrainedModel model = load_trained_model(options.network);
    return {.network = std::move(model.network),
            .head_config = model.config.model.head,
            .head = std::move(model.head),
            .parameters = std::move(model.parameters),
            .whose_parameters = "the parameters of " + model.path,
            .precision = model.config.precision,
            .notes = model.note.empty() ? std::vector<std::string>{} : std::vector{model.note}};
  }
  const RunConfig config =
      read_run_config(ConfigDocument::from_file(options.network, options.overrides), "inspect");
  const Shape image = dataset_shape(config.data);
  Subject subject{.network = build_network(config.model, image.c, image.h, image.w),
                  .head_config = config.model.head,
                  .head = make_output_head(config.model.head, image.c),
                  .parameters = {},
                  .whose_parameters = fmt::format("random parameters of seed {}", config.seed),
                  .precision = config.precision,
                  .notes = config.notes};
  subject.parameters = random_parameters(subject.network, config.seed);
  return subject;
}

void draw_field(const FieldGrid& grid, const InspectOptions& options, Console& console) {
  const std::int64_t width = field_picture_side(grid.columns(), options.scale),
                     height = field_picture_side(grid.rows(), options.scale);
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;
  if (std::max(width, height) > kLongestSide || width * height > kMostPixels)
    throw ConfigError(
        fmt::format("{}: a field of {} rows and {} columns makes a picture of {} x {}; use a smaller "
                    "--scale",
                    options.field, grid.rows(), grid.columns(), height, width));
  write_png(options.field, field_picture(grid, options.scale));
  console.line("the receptive field is in " + options.field);
}

// An image of random levels, and one whose every value is another level.
struct RandomImages {
  std::vector<float> before, after;
};

RandomImages random_images(const Network& network, const OutputHead& head) {
  const RandomStream stream(1, Stream::kInspection);
  const auto levels = static_cast<std::uint32_t>(head.levels());
  RandomImages images;
  for (std::uint32_t element = 0; element < network.shape(0, 1).size(); ++element) {
    const std::uint32_t level = stream.below(levels, element, 0);
    const std::uint32_t other = (level + 1 + stream.below(levels - 1, element, 1)) % levels;
    images.before.push_back(head.value(static_cast<int>(level)));
    images.after.push_back(head.value(static_cast<int>(other)));
  }
  return images;
}

std::string describe(const Network& network, const ImagePlace& place) {
  const std::string pixel = fmt::format("row {}, column {}", place.row, place.column);
  return network.groups == 1 ? pixel : fmt::format("{}, channel {}", pixel, place.group);
}

std::string describe(const Network& network, int node) {
  const Node& of = network.node(node);
  return fmt::format("'{}' ({})", of.name, title(of.op));
}

void verify(const Subject& subject, Purpose purpose, Precision precision, const Workers& workers,
            Console& console) {
  const Network& network = subject.network;
  const std::string program = fmt::format("the {} {} program", name_of(precision),
                                          purpose == Purpose::kInference ? "inference" : "training");
  require_memory_for_workspaces(
      Program(network, images_at_a_time(network), purpose, {.precision = precision}), network,
      workers.threads(), "the check of causality with");
  const RandomImages images = random_images(network, *subject.head);
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto show_progress = [&](std::int64_t places, std::int64_t all) {
    if (!console.wants_live()) return;
    const double share = static_cast<double>(places) / static_cast<double>(all);
    console.live(fmt::format("causality of {}: {:.0f} %  {} left", program, 100.0 * share,
                             clock_text(elapsed() * (1.0 - share) / share)));
  };
  const CausalityCheck check = check_causality(network, subject.parameters, {images.before, images.after},
                                               purpose, {.precision = precision}, workers, show_progress);
  check_verification(network, check, program);
  console.line(
      fmt::format("causality: verified on {} places x {} in {:.1f} s: no logit at or before a changed place "
                  "moved; {} later logits did",
                  grouped(check.places), program, elapsed(), grouped(check.later_logits)));
}

}  // namespace

void check_verification(const Network& network, const CausalityCheck& check, const std::string& program) {
  if (check.leak)
    throw ComputeError(
        fmt::format("leaks: a change of the image at {} moves logits at {} in {}; the first op "
                    "that shows it is {}",
                    describe(network, check.leak->changed), describe(network, check.leak->moved), program,
                    describe(network, check.leak->node)));
  if (check.later_logits == 0 && check.places > 1)
    throw ComputeError(
        fmt::format("no logit of {} moved when any of {} places was changed, which shows nothing: "
                    "the image does not reach the logits",
                    program, check.places));
}

void inspect(const InspectOptions& options) {
  check_options(options);
  const Subject subject = load_subject(options);

  const bool graph_alone = options.graph == "-";
  Console console(graph_alone ? Verbosity::kQuiet : options.verbosity);  // notes go to standard error then
  for (const std::string& note : subject.notes) console.warning("note: " + note);
  if (graph_alone) return show_text(stdout, network_graph(subject.network, subject.head_config));
  const auto print = [&](const std::string& text) { console.line(text.substr(0, text.size() - 1)); };
  print(network_table(subject.network));
  if (options.formulas) print(network_formulas(subject.network));
  const FieldGrid grid = field_grid(subject.network);
  print(field_text(grid));
  if (!options.field.empty()) draw_field(grid, options, console);
  if (!options.graph.empty()) {
    write_file_atomic(options.graph, network_graph(subject.network, subject.head_config));
    console.line("the graph of the network is in " + options.graph);
  }
  if (!options.verifies) return;

  const ChosenPrecision chosen = choose_precision(subject.precision);
  if (!chosen.note.empty()) console.warning(chosen.note);
  console.line(
      fmt::format("causality: changing a random image of {}x{}x{} at one place after the other, with {}",
                  subject.network.image_channels, subject.network.image_height, subject.network.image_width,
                  subject.whose_parameters));
  const Workers workers(options.threads > 0 ? options.threads : available_threads());
  std::vector<Precision> precisions{Precision::kF32};
  if (chosen.precision != Precision::kF32) precisions.push_back(chosen.precision);
  for (const Precision precision : precisions)
    for (const Purpose purpose : {Purpose::kInference, Purpose::kTraining})
      verify(subject, purpose, precision, workers, console);
}

}  // namespace pcnn

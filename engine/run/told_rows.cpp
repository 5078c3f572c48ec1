#include "engine/run/told_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/data/condition_file.h"

namespace pcnn {
namespace {

// network: of the size that is drawn.
void check_model(const SampleOptions& options, const TrainedModel& model, const Network& network) {
  const Condition& condition = network.condition;
  if (!options.classes.empty() && condition.classes == 0)
    throw ConfigError(
        fmt::format("--class: {} was trained {}, and draws images of no class", model.path,
                    condition.any() ? "with another condition than classes" : "without model.condition"));
  const std::vector<int> shape = given_shape(network);
  if (!options.condition.empty() && shape.empty())
    throw ConfigError(fmt::format(
        "--condition: {} was trained without model.condition.vector or map, and is told no numbers{}",
        model.path, condition.classes > 0 ? "; its classes are chosen by --class" : ""));
  if (options.condition.empty() && !shape.empty())
    throw ConfigError(
        fmt::format("{} is told {} of each image; accepted: with --condition FILE.npy, a row of them for "
                    "each row of images",
                    model.path, describe_condition(shape)));
}

ToldRows told_classes(const SampleOptions& options, const TrainedModel& model) {
  const int classes = model.network.condition.classes;
  for (const int chosen : options.classes)
    if (chosen < 0 || chosen >= classes)
      throw ConfigError(fmt::format("--class: found {}, accepted: 0 to {}, the classes of {}", chosen,
                                    classes - 1, model.path));
  ToldRows told{.one = "class", .many = "classes"};
  told.all.classes = all_classes(classes);
  told.chosen = options.classes.empty() ? told.all.classes : options.classes;
  return told;
}

ToldRows told_numbers(const SampleOptions& options, const TrainedModel& model, const std::vector<int>& shape,
                      int partial_images) {
  ConditionRows rows = read_condition_rows(options.condition);
  require_rows_of(shape, rows.shape, options.condition, model.path);
  if (partial_images > 0 && rows.count != 1 && rows.count != partial_images)
    throw ConfigError(fmt::format(
        "{}: found {}, accepted: 1 for all images of {}{}", options.condition, counted(rows.count, "row"),
        options.complete, partial_images > 1 ? fmt::format(", or {}, one for each", partial_images) : ""));
  ToldRows told{.one = "row", .many = "rows"};
  told.all.values = std::move(rows.values);
  told.by_image = partial_images > 1 && rows.count > 1;
  if (!told.by_image) told.chosen = all_classes(rows.count);
  return told;
}

}  // namespace

ToldRows told_rows(const SampleOptions& options, const TrainedModel& model, const Network& network,
                   int partial_images) {
  check_model(options, model, network);
  if (network.condition.classes > 0) return told_classes(options, model);
  const std::vector<int> shape = given_shape(network);
  return shape.empty() ? ToldRows{} : told_numbers(options, model, shape, partial_images);
}

std::string note_on_left_out(const SampleOptions& options, const ToldRows& told, int images) {
  const auto all = static_cast<int>(told.chosen.size());
  if (images >= all) return {};
  if (!options.classes.empty() || !options.condition.empty())
    throw ConfigError(fmt::format("--count: found {}, accepted: at least {}, an image of each {} of {}",
                                  images, all, told.one,
                                  options.condition.empty() ? "--class" : options.condition));
  return fmt::format("note: --count {} leaves no image for {} of the {} {}", images, grouped(all - images),
                     grouped(all), told.many);
}

GivenBatch given_of_images(const ToldRows& told, const Network& network, const std::vector<ClassRow>& rows,
                           int each, int partial_images) {
  const int inputs = std::max(1, partial_images);
  GivenBatch given(network, to_index(each) * to_index(inputs));
  std::vector<int> positions;
  for (int input = 0; input < inputs && network.condition.any(); ++input)
    if (told.by_image)
      positions.insert(positions.end(), to_index(each), input);
    else
      std::ranges::copy(classes_of(rows), std::back_inserter(positions));
  given.take(told.all.view(), positions);
  return given;
}

}  // namespace pcnn

#include "engine/run/score_by_class.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"
#include "engine/data/labels.h"
#include "engine/run/score_images.h"
#include "engine/train/given_of.h"

namespace pcnn {
namespace {

std::vector<std::vector<double>> score_every_class(Scorer& scorer, const TrainedModel& model,
                                                   const EvalData& data, int threads,
                                                   const std::string& what) {
  std::vector<std::vector<double>> by_class;
  const int classes = model.network.condition.classes;
  for (int of_class = 0; of_class < classes; ++of_class) {
    const std::vector<int> all(to_index(data.images.count), of_class);
    by_class.push_back(
        score_images(scorer, model, data, {.classes = all}, threads,
                     what.empty() ? what : fmt::format("{}, class {} of {}:", what, of_class, classes)));
  }
  return by_class;
}

std::vector<double> of_image(const std::vector<std::vector<double>>& by_class, std::size_t image) {
  std::vector<double> nats;
  for (const std::vector<double>& of_class : by_class) nats.push_back(of_class[image]);
  return nats;
}

// -log of the sum of exp(-nats).
double joined(const std::vector<double>& nats) {
  const double least = std::ranges::min(nats);
  double sum = 0.0;
  for (const double value : nats) sum += std::exp(least - value);
  return least - std::log(sum);
}

}  // namespace

ClassScores score_by_class(Scorer& scorer, const TrainedModel& model, const Network& network,
                           const EvalData& data, bool passes_all, int threads, const std::string& what) {
  const int classes = network.condition.classes;
  if (classes == 0) {
    require_given(network, data.images);
    return {.nats = score_images(scorer, model, data, given_of(network, data.images), threads, what)};
  }
  if (data.has_classes) require_classes(data.images, classes);
  if (data.has_classes && !passes_all)
    return {.nats = score_images(scorer, model, data, {.classes = data.images.labels}, threads, what)};
  ClassScores scores{.nats = {}, .by_class = score_every_class(scorer, model, data, threads, what)};
  for (std::size_t image = 0; image < to_index(data.images.count); ++image)
    scores.nats.push_back(data.has_classes ? scores.by_class[to_index(data.images.labels[image])][image]
                                           : joined(of_image(scores.by_class, image)) + std::log(classes));
  return scores;
}

std::string note_on_classes(const TrainedModel& model, const EvalData& data) {
  if (model.network.condition.classes == 0 || data.has_classes) return {};
  return fmt::format(
      "the model is told the class of an image, and these images have none that it knows: each is scored "
      "under all {} classes together, each as likely beforehand",
      model.network.condition.classes);
}

Evaluation::Classification classify(const std::vector<std::vector<double>>& nats_by_class,
                                    const EvalData& data) {
  Evaluation::Classification result{.classes = static_cast<int>(nats_by_class.size())};
  double log_loss = 0.0;
  int correct = 0;
  for (std::size_t image = 0; image < to_index(data.images.count); ++image) {
    const std::vector<double> nats = of_image(nats_by_class, image);
    const double all = joined(nats);
    const auto best = static_cast<int>(std::ranges::min_element(nats) - nats.begin());
    result.predicted.push_back(best);
    result.probability.push_back(std::exp(all - nats[to_index(best)]));
    if (!data.has_classes) continue;
    const int label = data.images.labels[image];
    correct += best == label;
    log_loss += nats[to_index(label)] - all;
  }
  if (!data.has_classes) return result;
  result.correct = correct;
  result.nats_per_label = log_loss / data.images.count;
  return result;
}

}  // namespace pcnn

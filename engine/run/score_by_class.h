#pragma once

// Scores under a model that is told the class of an image; and, by Bayes' rule, the class of an image.

#include <string>
#include <vector>

#include "engine/run/eval_data.h"
#include "engine/run/eval_run.h"
#include "engine/run/trained_model.h"
#include "engine/train/scorer.h"

namespace pcnn {

// Nats of every image, and where every class was passed over, of it under each: [class][image].
struct ClassScores {
  std::vector<double> nats;
  std::vector<std::vector<double>> by_class{};
};

// Of a model without a condition, what score_images() gives. Of others: under the class of each image, where
// these are known; else under all classes together, each as likely beforehand:
//
//     p(x) = 1/K  sum over c of p(x | c)
//
// network: the model's, for images of the size of these. passes_all: every class is scored, though classes
// are known. what: as for score_images(). Throws ConfigError as it does, and where a class is not one of the
// model's, or what is known of the images is not what it is told.
[[nodiscard]] ClassScores score_by_class(Scorer& scorer, const TrainedModel& model, const Network& network,
                                         const EvalData& data, bool passes_all, int threads,
                                         const std::string& what);

// "each image is scored under all 10 classes ..."; empty where there is nothing to say.
[[nodiscard]] std::string note_on_classes(const TrainedModel& model, const EvalData& data);

// p(c | x) = p(x | c) / sum over k of p(x | k): every class as likely beforehand.
[[nodiscard]] Evaluation::Classification classify(const std::vector<std::vector<double>>& nats_by_class,
                                                  const EvalData& data);

}  // namespace pcnn

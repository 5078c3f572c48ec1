#pragma once

#include <string>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/run/eval_data.h"
#include "engine/run/eval_run.h"
#include "engine/run/trained_model.h"

namespace pcnn {

// The second model of `pcnn-eval --background`: loaded, and checked against the first, whose config (under
// the overrides) says how pixels are coded. Throws ConfigError where the two do not take the same images:
// other channels, levels or binarisation; and what load_trained_model throws.
[[nodiscard]] TrainedModel load_background(const EvalOptions& options, const TrainedModel& model,
                                           const RunConfig& config);

// Scores the images with it, and compares. nats: of each image under the first model. What has to be said of
// the comparison is added to notes.
[[nodiscard]] Evaluation::Background score_background(const EvalOptions& options,
                                                      const TrainedModel& background, const RunConfig& config,
                                                      const EvalData& data, const std::vector<double>& nats,
                                                      const Workers& workers,
                                                      std::vector<std::string>& notes);

}  // namespace pcnn

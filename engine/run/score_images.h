#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/run/eval_data.h"
#include "engine/run/trained_model.h"
#include "engine/train/scorer.h"

namespace pcnn {

// The images as the data's coding gives them to a scorer. `data` must outlive it.
[[nodiscard]] FillImage fill_from(const EvalData& data);

// Nats of every image under the model, by a scorer of its network at the images' size. given: of each image.
// what: of the line that shows how far it is, "scoring"; empty:
// none is shown. Throws ConfigError where one is no finite number.
[[nodiscard]] std::vector<double> score_images(Scorer& scorer, const TrainedModel& model,
                                               const EvalData& data, const Given& given, int threads,
                                               const std::string& what);

}  // namespace pcnn

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/data/image_set.h"
#include "engine/data/pixel_coding.h"
#include "engine/run/eval_run.h"
#include "engine/run/trained_model.h"

namespace pcnn {

// What is scored, and what has to be said of it.
struct EvalData {
  ImageSet images;
  std::unique_ptr<const PixelCoding> coding;
  std::string description;         // "MNIST test split, 10,000 images"
  std::vector<std::string> notes;  // what makes its scores better, or other, than they seem
  bool has_classes = false;        // the images' labels are classes as the run's data set numbers them
};

// The run's config under the overrides. Throws ConfigError for one that is not of data.*, threads or
// precision, or that claims another training.
[[nodiscard]] RunConfig overridden_config(const TrainedModel& model, const EvalOptions& options);

// Throws ConfigError, FileError or FormatError. Images may be of another size than the model was trained on,
// never of other channels.
[[nodiscard]] EvalData load_eval_data(const TrainedModel& model, const RunConfig& config,
                                      const EvalOptions& options);

}  // namespace pcnn

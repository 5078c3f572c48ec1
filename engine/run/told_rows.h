#pragma once

#include <string>
#include <vector>

#include "engine/model/given.h"
#include "engine/run/class_rows.h"
#include "engine/run/sample_run.h"
#include "engine/run/trained_model.h"

namespace pcnn {

// What the images that pcnn-sample draws are told.
struct ToldRows {
  GivenBatch all{};           // of every class, or every row of --condition
  std::vector<int> chosen{};  // of those, the ones that images are shared out to; none without a condition
  bool by_image = false;      // of each partial image its own row, in their order, instead
  std::string one{}, many{};  // "class", "classes"
};

// partial_images: to complete; 0: none. Throws ConfigError where --class or --condition is not what the model
// is told, or is missing.
[[nodiscard]] ToldRows told_rows(const SampleOptions& options, const TrainedModel& model,
                                 const Network& network, int partial_images);

// Throws ConfigError where there are fewer images than classes or rows that were asked for; what there is to
// say where the classes were not asked for, or nothing.
[[nodiscard]] std::string note_on_left_out(const SampleOptions& options, const ToldRows& told, int images);

// Of every image that is drawn; rows: those of each partial image.
[[nodiscard]] GivenBatch given_of_images(const ToldRows& told, const Network& network,
                                         const std::vector<ClassRow>& rows, int each, int partial_images);

}  // namespace pcnn

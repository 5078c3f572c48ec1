#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/run/eval_run.h"

namespace pcnn {

// Mean -+ 1.96 s / sqrt(n), s the sample standard deviation: how well the mean over images is known, were
// they drawn from more of their kind. Nothing for fewer than two.
[[nodiscard]] std::optional<Interval> interval_over_images(std::span<const double> nats);

// A line per image, in the order of the images, numbers in the fewest digits that read back to the same
// double:
//
//   index         0, 1, 2 ... of what was scored
//   file_index    position in the file, or among those of the folder, that the image came from
//   nats, nats_per_dim, bits_per_dim
//   background_nats, log_likelihood_ratio    where there is a background model
//   file          of a folder: path of the image in it
//   label         where classes are known: the class's name, or its number where it has none
//   predicted, predicted_probability    where asked for: the most probable class, as label has it, and p(it |
//                 image)
[[nodiscard]] std::string scores_csv(const Evaluation& evaluation);

}  // namespace pcnn

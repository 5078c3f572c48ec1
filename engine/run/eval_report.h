#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/run/eval_run.h"

namespace pcnn {

// Mean -+ 1.96 s / sqrt(n), s the sample standard deviation: how well the mean over images is known, were
// they drawn from more of their kind. Nothing for fewer than two.
[[nodiscard]] std::optional<Interval> interval_over_images(std::span<const double> nats);

// index,file_index,nats,nats_per_dim,bits_per_dim, and with a background model
// background_nats,log_likelihood_ratio: a line per image, numbers in the fewest digits that read back to the
// same double.
[[nodiscard]] std::string scores_csv(const Evaluation& evaluation);

}  // namespace pcnn

#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "engine/run/run_parts.h"
#include "engine/run/standing.h"
#include "engine/train/scorer.h"
#include "engine/train/trainer.h"

namespace pcnn {

// The score of a split of the run's images under these parameters. split: "validation", for the message.
// `go_on` is asked before every image, from several threads, and throws to give up. Throws DivergenceError
// where the score of an image is not finite.
[[nodiscard]] Score score_split(const RunParts& run, const Trainer& trainer, Scorer& scorer,
                                std::string_view split, std::span<const float> parameters,
                                const ImageSet& images, const std::function<void()>& go_on);

// The verdict on the validation loss of the epoch that ends here: that epoch, where its loss is the lowest so
// far; none where an earlier one was better. Throws DivergenceError where the loss shows that training has
// diverged.
[[nodiscard]] std::optional<BestEpoch> judge_validation(const RunParts& run, const Trainer& trainer,
                                                        const Standing& standing, double nats_per_dim);

}  // namespace pcnn

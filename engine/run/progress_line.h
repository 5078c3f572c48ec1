#pragma once

#include <cstdint>
#include <string>

#include "engine/train/train_config.h"
#include "engine/train/trainer.h"

namespace pcnn {

// Seconds as a clock shows them, rounded, never negative: 5025 -> "1:23:45", 83 -> "1:23".
[[nodiscard]] std::string clock_text(double seconds);

// What a live line says after a step: "epoch 2/10  step 31/860  125 images/s  loss 0.0950 nats/dim  8:31
// left".
[[nodiscard]] std::string progress_line(const TrainConfig& config, const Progress& progress,
                                        std::int64_t steps_per_epoch);

}  // namespace pcnn

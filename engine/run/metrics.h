#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pcnn {

// One line of metrics.jsonl: the state after an epoch (or at the end of a budget inside one).
struct EpochMetrics {
  std::int64_t epoch = 0;
  std::int64_t step = 0;            // optimiser steps since the start of the run
  std::int64_t images = 0;          // images seen since the start of the run
  double seconds = 0.0;             // of training since the start of the run, without validation and sampling
  double images_per_second = 0.0;   // of this epoch
  double train_nats_per_dim = 0.0;  // mean over this epoch, each batch scored before its step
  double validation_nats_per_dim = 0.0;
  double learning_rate = 0.0;  // of the last step
  double grad_norm = 0.0;      // root mean square over the epoch's steps, before clipping
};

void append_metrics(const std::string& path, const EpochMetrics& metrics);
// The lines of the file; none where it does not exist. Throws FormatError.
[[nodiscard]] std::vector<EpochMetrics> read_metrics(const std::string& path);
// Drops the lines after `step`, and a last one that was cut short: what a killed run wrote after its last
// checkpoint.
void drop_metrics_after(const std::string& path, std::int64_t step);

// An SVG of both losses over epochs.
[[nodiscard]] std::string draw_curves(const std::string& title, const std::vector<EpochMetrics>& metrics);

}  // namespace pcnn

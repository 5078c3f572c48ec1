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

// A line of metrics.jsonl with "kind": "window": the loss over some steps, inside an epoch or across its end.
struct WindowMetrics {
  double epoch = 0.0;       // at its end: 1.5 is half-way through the second
  std::int64_t step = 0;    // its last, from the start of the run
  std::int64_t steps = 0;   // of the window
  std::int64_t images = 0;  // since the start of the run
  double seconds = 0.0;     // since the start of the run
  double images_per_second = 0.0;
  double train_nats_per_dim = 0.0;  // each batch scored before its step
  double learning_rate = 0.0;       // of the last step
  double grad_norm = 0.0;           // root mean square over the steps, before clipping
};

void append_metrics(const std::string& path, const EpochMetrics& metrics);
void append_metrics(const std::string& path, const WindowMetrics& metrics);
// The lines of either kind; none where there is no such file. Throws FormatError.
[[nodiscard]] std::vector<EpochMetrics> read_metrics(const std::string& path);
[[nodiscard]] std::vector<WindowMetrics> read_windows(const std::string& path);
// Of lines of either kind, the step up to which they are kept.
struct LastSteps {
  std::int64_t epoch = 0;
  std::int64_t window = 0;
};
// Drops what a killed run wrote after its last checkpoint, and a last line that was cut short. The others
// stay as they are.
void drop_metrics_after(const std::string& path, const LastSteps& last);

// An SVG of both losses over epochs, and of those inside epochs.
[[nodiscard]] std::string draw_curves(const std::string& title, const std::vector<EpochMetrics>& epochs,
                                      const std::vector<WindowMetrics>& windows);

}  // namespace pcnn

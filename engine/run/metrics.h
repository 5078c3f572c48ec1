#pragma once

#include <cstdint>
#include <optional>
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

// Lines that are passed over because they cannot be read: a number is missing or is none, or it is no JSON.
struct UnreadLines {
  std::int64_t count = 0;
  std::int64_t first = 0;  // from 1
};
// What metrics.jsonl holds, in its order.
struct MetricsLog {
  std::vector<EpochMetrics> epochs;
  std::vector<WindowMetrics> windows;
  UnreadLines unread;
};
// Nothing where there is no such file. A last line that is still being written counts as not there. Throws
// FileError.
[[nodiscard]] MetricsLog read_metrics_log(const std::string& path);
// "runs/a/metrics.jsonl: line 3 and 1 more cannot be read and are passed over"; "" where all could be.
[[nodiscard]] std::string note_on(const std::string& path, const UnreadLines& unread);
// "runs/a/metrics.jsonl: has no line of 2 of the epochs 1 to 5, the first of them 1"; "" where it has.
[[nodiscard]] std::string note_on_missing(const std::string& path, const std::vector<EpochMetrics>& epochs,
                                          std::int64_t until);
// Of lines of either kind, the step up to which they are kept.
struct LastSteps {
  std::int64_t epoch = 0;
  std::int64_t window = 0;
};
// What stays of metrics.jsonl.
struct KeptMetrics {
  MetricsLog log;
  std::optional<std::int64_t> first_dropped_epoch_step;  // of the lines that were dropped
};
// Drops what a killed run wrote after its last checkpoint, and a last line that was cut short. The others
// stay as they are, also those that cannot be read. Throws FileError.
KeptMetrics drop_metrics_after(const std::string& path, const LastSteps& last);

// An SVG of both losses over epochs, and of those inside epochs.
[[nodiscard]] std::string draw_curves(const std::string& title, const std::vector<EpochMetrics>& epochs,
                                      const std::vector<WindowMetrics>& windows);

}  // namespace pcnn

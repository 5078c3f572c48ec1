#pragma once

// report.html of a run: one page that needs nothing else.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/network.h"
#include "engine/run/metrics.h"
#include "engine/run/results.h"
#include "engine/run/run_directory.h"

namespace pcnn {

struct SamplePicture {
  std::string caption;  // "epoch 3"
  std::string png;      // the bytes of the file
};

struct Report {
  std::string name;
  std::string state;        // "training", or how it ended: "completed", "interrupted", "failed"
  std::string reason;       // that it ended; empty while it trains
  std::string config_yaml;  // in effect
  std::string coding;       // of pixels: "threshold: value / 255 >= 0.5"
  std::string split;        // of the final scores; empty before them
  std::string note;         // that belongs beside every figure; empty: none
  std::vector<EpochMetrics> metrics;
  std::vector<WindowMetrics> windows;
  std::vector<FinalScore> scores;
  std::vector<SamplePicture> samples;
  std::int64_t sample_files = 0;  // how many there are, of which those are some
  std::string precision;          // "f32"
  int threads = 1;
};

// What is in the run directory, but for the metrics: config, final scores, grids of samples (at most nine:
// the first, the last, and some between). Throws FileError.
[[nodiscard]] Report read_report(const RunDirectory& directory);

// The page, in HTML; everything shown in it is escaped. Machine and library are those at hand.
[[nodiscard]] std::string report_html(const Report& report, const Network& network);

}  // namespace pcnn

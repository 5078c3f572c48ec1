#include "engine/run/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string_view>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/json_fields.h"
#include "engine/io/line_chart.h"
#include "engine/train/train_config.h"

namespace pcnn {
namespace {

constexpr const char* kWindow = "window";

bool is_window(const JsonFields& line) {
  return line.text("kind", "") == kWindow;
}

constexpr std::int64_t kMostImages = std::int64_t{1} << 60;
constexpr double kMost = 1e300;  // of what may be anything finite

EpochMetrics epoch_in(const JsonFields& json) {
  return {.epoch = json.whole("epoch", 0, kMostSteps),
          .step = json.whole("step", 0, kMostSteps),
          .images = json.whole("images", 0, kMostImages),
          .seconds = json.real("seconds", 0.0, kMost),
          .images_per_second = json.real("images_per_second", 0.0, kMost),
          .train_nats_per_dim = json.real("train_nats_per_dim", -kMost, kMost),
          .validation_nats_per_dim = json.real("validation_nats_per_dim", -kMost, kMost),
          .learning_rate = json.real("learning_rate", 0.0, kMost),
          .grad_norm = json.real("grad_norm", 0.0, kMost)};
}

WindowMetrics window_in(const JsonFields& json) {
  return {.epoch = json.real("epoch", 0.0, static_cast<double>(kMostSteps)),
          .step = json.whole("step", 0, kMostSteps),
          .steps = json.whole("steps", 1, kMostSteps),
          .images = json.whole("images", 0, kMostImages),
          .seconds = json.real("seconds", 0.0, kMost),
          .images_per_second = json.real("images_per_second", 0.0, kMost),
          .train_nats_per_dim = json.real("train_nats_per_dim", -kMost, kMost),
          .learning_rate = json.real("learning_rate", 0.0, kMost),
          .grad_norm = json.real("grad_norm", 0.0, kMost)};
}

// Of a line with its newline, where it has one.
using Visit = std::function<void(std::string_view line)>;

void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    visit(text.substr(0, size));
    text.remove_prefix(size);
  }
}

// Calls read(fields) for a line that is an object; false where it is none, or where read() refuses a member.
template <typename Read>
bool read_line(const std::string& path, std::string_view line, const Read& read) {
  try {
    const nlohmann::json json = parse_json(path, line);
    read(JsonFields(path, json));
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

// Adds the line to the log, or counts it where it cannot be read. One that is still being written counts as
// not there.
void add_line(const std::string& path, std::string_view line, std::int64_t number, MetricsLog& log) {
  const bool is_read = read_line(path, line, [&](const JsonFields& json) {
    if (is_window(json))
      log.windows.push_back(window_in(json));
    else
      log.epochs.push_back(epoch_in(json));
  });
  if (is_read || !line.ends_with('\n')) return;
  if (log.unread.count++ == 0) log.unread.first = number;
}

// Whether a run that goes on keeps the line; notes the step of the first line of an epoch that it does not
// keep. A line that cannot be read is nobody's to drop.
bool is_kept(const std::string& path, std::string_view line, const LastSteps& last,
             std::optional<std::int64_t>& first_dropped_epoch_step) {
  bool kept = true;
  read_line(path, line, [&](const JsonFields& json) {
    const std::int64_t step = json.whole("step", 0, kMostSteps);
    kept = step <= (is_window(json) ? last.window : last.epoch);
    if (!kept && !is_window(json) && !first_dropped_epoch_step) first_dropped_epoch_step = step;
  });
  return kept;
}

constexpr std::size_t kMostPoints = 1000;  // of a curve

// As many neighbours together as it takes: their mean loss, over steps, at the end of the last.
std::vector<WindowMetrics> at_most(std::size_t most, const std::vector<WindowMetrics>& windows) {
  const std::size_t together = (windows.size() + most - 1) / most;
  if (together <= 1) return windows;
  std::vector<WindowMetrics> merged;
  for (std::size_t begin = 0; begin < windows.size(); begin += together) {
    const std::size_t end = std::min(begin + together, windows.size());
    WindowMetrics one = windows[end - 1];
    double steps = 0.0, sum = 0.0;
    for (const WindowMetrics& window : std::span(windows).subspan(begin, end - begin)) {
      steps += static_cast<double>(window.steps);
      sum += static_cast<double>(window.steps) * window.train_nats_per_dim;
    }
    one.train_nats_per_dim = sum / steps;
    merged.push_back(one);
  }
  return merged;
}

}  // namespace

void append_metrics(const std::string& path, const EpochMetrics& metrics) {
  const nlohmann::ordered_json line{{"epoch", metrics.epoch},
                                    {"step", metrics.step},
                                    {"images", metrics.images},
                                    {"seconds", metrics.seconds},
                                    {"images_per_second", metrics.images_per_second},
                                    {"train_nats_per_dim", metrics.train_nats_per_dim},
                                    {"validation_nats_per_dim", metrics.validation_nats_per_dim},
                                    {"learning_rate", metrics.learning_rate},
                                    {"grad_norm", metrics.grad_norm}};
  append_line(path, line.dump());
}

void append_metrics(const std::string& path, const WindowMetrics& metrics) {
  const nlohmann::ordered_json line{{"kind", kWindow},
                                    {"epoch", metrics.epoch},
                                    {"step", metrics.step},
                                    {"steps", metrics.steps},
                                    {"images", metrics.images},
                                    {"seconds", metrics.seconds},
                                    {"images_per_second", metrics.images_per_second},
                                    {"train_nats_per_dim", metrics.train_nats_per_dim},
                                    {"learning_rate", metrics.learning_rate},
                                    {"grad_norm", metrics.grad_norm}};
  append_line(path, line.dump());
}

MetricsLog read_metrics_log(const std::string& path) {
  MetricsLog log;
  if (!std::filesystem::exists(path)) return log;
  std::int64_t number = 0;
  for_each_line(read_text_file(path), [&](std::string_view line) { add_line(path, line, ++number, log); });
  return log;
}

std::string note_on(const std::string& path, const UnreadLines& unread) {
  if (unread.count == 0) return "";
  if (unread.count == 1)
    return fmt::format("{}: line {} cannot be read and is passed over", path, unread.first);
  return fmt::format("{}: line {} and {} more cannot be read and are passed over", path, unread.first,
                     unread.count - 1);
}

std::string note_on_missing(const std::string& path, const std::vector<EpochMetrics>& epochs,
                            std::int64_t until) {
  std::set<std::int64_t> there;
  for (const EpochMetrics& line : epochs)
    if (line.epoch >= 1 && line.epoch <= until) there.insert(line.epoch);
  const std::int64_t missing = until - static_cast<std::int64_t>(there.size());
  if (missing <= 0) return "";
  std::int64_t first = 1;
  while (there.contains(first)) ++first;
  return fmt::format("{}: has no line of {} of the epochs 1 to {}, the first of them {}", path, missing,
                     until, first);
}

KeptMetrics drop_metrics_after(const std::string& path, const LastSteps& last) {
  KeptMetrics metrics;
  if (!std::filesystem::exists(path)) return metrics;
  const std::string text = read_text_file(path);
  std::string kept;
  std::int64_t number = 0;
  for_each_line(text, [&](std::string_view line) {
    if (!line.ends_with('\n') || !is_kept(path, line, last, metrics.first_dropped_epoch_step)) return;
    kept.append(line);
    add_line(path, line, ++number, metrics.log);
  });
  if (kept != text) write_file_atomic(path, kept);
  return metrics;
}

std::string draw_curves(const std::string& title, const std::vector<EpochMetrics>& epochs,
                        const std::vector<WindowMetrics>& windows) {
  std::array<ChartSeries, 3> series{ChartSeries{"train", {}, {}}, ChartSeries{"validation", {}, {}},
                                    ChartSeries{windows.empty() ? "" : "train, inside epochs", {}, {}, true}};
  for (const EpochMetrics& point : epochs) {
    for (std::size_t i : {0u, 1u}) series[i].x.push_back(static_cast<double>(point.epoch));
    series[0].y.push_back(point.train_nats_per_dim);
    series[1].y.push_back(point.validation_nats_per_dim);
  }
  for (const WindowMetrics& point : at_most(kMostPoints, windows)) {
    series[2].x.push_back(point.epoch);
    series[2].y.push_back(point.train_nats_per_dim);
  }
  return line_chart_svg(title, "epoch", "nats per dimension", series);
}

}  // namespace pcnn

#include "engine/run/metrics.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/json_fields.h"
#include "engine/io/line_chart.h"
#include "engine/train/most_steps.h"

namespace pcnn {
namespace {

constexpr const char* kWindow = "window";

bool is_window(const JsonFields& line) {
  return line.text("kind", "") == kWindow;
}

constexpr std::int64_t kMostImages = std::int64_t{1} << 62;
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

using Visit = std::function<void(std::string_view line, const JsonFields& json)>;

void for_each_line(const std::string& path, const Visit& visit) {
  if (!std::filesystem::exists(path)) return;
  const std::string text = read_text_file(path);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded()) throw FormatError(path, begin, "not a line of metrics");
    visit(line, JsonFields(path, json, "", begin));
    begin = end + 1;
  }
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

std::vector<EpochMetrics> read_metrics(const std::string& path) {
  std::vector<EpochMetrics> epochs;
  for_each_line(path, [&](std::string_view, const JsonFields& json) {
    if (!is_window(json)) epochs.push_back(epoch_in(json));
  });
  return epochs;
}

std::vector<WindowMetrics> read_windows(const std::string& path) {
  std::vector<WindowMetrics> windows;
  for_each_line(path, [&](std::string_view, const JsonFields& json) {
    if (is_window(json)) windows.push_back(window_in(json));
  });
  return windows;
}

void drop_metrics_after(const std::string& path, const LastSteps& last) {
  if (!std::filesystem::exists(path)) return;
  const std::string text = read_text_file(path);
  const std::string whole = text.substr(0, text.find_last_of('\n') + 1);
  if (whole != text) write_file_atomic(path, whole);
  std::string kept;
  for_each_line(path, [&](std::string_view line, const JsonFields& json) {
    const std::int64_t step = json.whole("step", 0, kMostSteps);
    if (step <= (is_window(json) ? last.window : last.epoch)) kept.append(line).append("\n");
  });
  if (kept != whole) write_file_atomic(path, kept);
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

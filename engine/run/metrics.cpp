#include "engine/run/metrics.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/line_chart.h"

namespace pcnn {

namespace {

std::string json_line(const EpochMetrics& metrics) {
  return nlohmann::ordered_json{{"epoch", metrics.epoch},
                                {"step", metrics.step},
                                {"images", metrics.images},
                                {"seconds", metrics.seconds},
                                {"images_per_second", metrics.images_per_second},
                                {"train_nats_per_dim", metrics.train_nats_per_dim},
                                {"validation_nats_per_dim", metrics.validation_nats_per_dim},
                                {"learning_rate", metrics.learning_rate},
                                {"grad_norm", metrics.grad_norm}}
      .dump();
}

EpochMetrics parse_line(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line);
  return {.epoch = json.at("epoch"),
          .step = json.at("step"),
          .images = json.at("images"),
          .seconds = json.at("seconds"),
          .images_per_second = json.at("images_per_second"),
          .train_nats_per_dim = json.at("train_nats_per_dim"),
          .validation_nats_per_dim = json.at("validation_nats_per_dim"),
          .learning_rate = json.at("learning_rate"),
          .grad_norm = json.at("grad_norm")};
}

}  // namespace

void append_metrics(const std::string& path, const EpochMetrics& metrics) {
  append_line(path, json_line(metrics));
}

std::vector<EpochMetrics> read_metrics(const std::string& path) {
  std::vector<EpochMetrics> all;
  if (!std::filesystem::exists(path)) return all;
  const std::string text = read_text_file(path);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    try {
      all.push_back(parse_line(text.substr(begin, end - begin)));
    } catch (const nlohmann::json::exception&) {
      throw FormatError(path, begin, "not a line of metrics");
    }
    begin = end + 1;
  }
  return all;
}

void drop_metrics_after(const std::string& path, std::int64_t step) {
  std::string kept;
  if (std::filesystem::exists(path))
    if (const std::string text = read_text_file(path); !text.empty() && text.back() != '\n')
      write_file_atomic(path, text.substr(0, text.find_last_of('\n') + 1));
  const std::vector<EpochMetrics> all = read_metrics(path);
  for (const EpochMetrics& metrics : all)
    if (metrics.step <= step) kept += json_line(metrics) + "\n";
  if (!all.empty()) write_file_atomic(path, kept);
}

std::string draw_curves(const std::string& title, const std::vector<EpochMetrics>& metrics) {
  std::array<ChartSeries, 2> series{ChartSeries{"train", {}, {}}, ChartSeries{"validation", {}, {}}};
  for (const EpochMetrics& point : metrics) {
    for (ChartSeries& line : series) line.x.push_back(static_cast<double>(point.epoch));
    series[0].y.push_back(point.train_nats_per_dim);
    series[1].y.push_back(point.validation_nats_per_dim);
  }
  return line_chart_svg(title, "epoch", "nats per dimension", series);
}

}  // namespace pcnn

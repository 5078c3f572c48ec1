#include "engine/sweep/parameter_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "engine/io/scatter_chart.h"

namespace pcnn {
namespace {

constexpr double kSpreads = 3.0;  // from best to median, beyond the median: further out is at the edge
constexpr std::size_t kMostNames = 8;
constexpr double kLogFrom = 20.0;  // lists that span this factor stand on a logarithmic axis

std::optional<double> number_of(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// The panel without its points: the values of a short list by name, evenly spaced and numbers in order;
// others on an axis.
ScatterPanel empty_panel(const SweptParameter& parameter) {
  ScatterPanel panel{.x_label = parameter.path, .log = false, .names = {}, .points = {}};
  if (parameter.range) {
    panel.log = parameter.range->log;
    return panel;
  }
  const bool are_numbers = std::ranges::all_of(
      parameter.values, [](const std::string& value) { return number_of(value).has_value(); });
  if (!are_numbers || parameter.values.size() <= kMostNames) {
    panel.names = parameter.values;
    if (are_numbers) std::ranges::sort(panel.names, {}, number_of);
    return panel;
  }
  const auto [least, most] = std::ranges::minmax(parameter.values, {}, number_of);
  panel.log = *number_of(least) > 0.0 && *number_of(most) >= kLogFrom * *number_of(least);
  return panel;
}

double place_of(const ScatterPanel& panel, const std::string& value) {
  if (panel.names.empty()) return number_of(value).value_or(NAN);
  return static_cast<double>(std::ranges::find(panel.names, value) - panel.names.begin());
}

ScatterScale scale_of(const std::vector<Trial>& trials, const Objective& objective) {
  std::vector<double> values;
  for (const Trial& trial : trials)
    if (trial.progress.best && std::isfinite(*trial.progress.best)) values.push_back(*trial.progress.best);
  if (values.empty()) return {};
  std::ranges::sort(values, [&](double a, double b) { return objective.is_better(a, b); });
  const double best = values.front(), median = values[values.size() / 2];
  const double edge = median + kSpreads * (median - best);
  const double worst = median != best && objective.is_better(edge, values.back()) ? edge : values.back();
  return {.lowest = std::min(best, worst), .highest = std::max(best, worst)};
}

}  // namespace

std::string parameter_picture_svg(const std::string& title, const std::vector<Trial>& trials,
                                  const SweepPlan& plan) {
  const Objective& objective = plan.sweep.objective;
  const Trial* best = best_of(trials, objective);
  std::vector<ScatterPanel> panels;
  for (std::size_t i = 0; i < plan.sweep.parameters.size(); ++i) {
    ScatterPanel panel = empty_panel(plan.sweep.parameters[i]);
    for (const Trial& trial : trials)
      if (trial.progress.best && &trial != best)
        panel.points.push_back({.x = place_of(panel, trial.values[i]),
                                .y = *trial.progress.best,
                                .dot = trial.state == TrialState::kDone ? Dot::kFull : Dot::kHollow});
    if (best)  // on top
      panel.points.push_back({place_of(panel, best->values[i]), *best->progress.best, Dot::kRinged});
    panels.push_back(std::move(panel));
  }
  const std::string note =
      best ? fmt::format(
                 "best: trial {}, {:.4f}; hollow: stopped early or unfinished; triangles: off "
                 "the scale",
                 best->number, *best->progress.best)
           : "no trial has a value yet";
  return scatter_chart_svg(title, note, objective.heading(), panels, scale_of(trials, objective));
}

}  // namespace pcnn

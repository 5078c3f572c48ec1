#include "engine/run/eval_report.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "engine/compile/backend.h"
#include "engine/core/digits.h"
#include "engine/core/text.h"
#include "engine/io/csv.h"

namespace pcnn {
namespace {

// One of the units figures are given in.
struct Unit {
  const char* name;  // in text
  const char* key;   // in JSON
  double mean;
  double per_nat;  // of an image
  int digits;
};

std::vector<Unit> units(const Evaluation& evaluation) {
  const auto dims = static_cast<double>(evaluation.image.size());
  const Score& score = evaluation.score;
  return {{"nats/dim", "nats_per_dim", score.nats_per_dim, 1.0 / dims, 4},
          {"nats/image", "nats_per_image", score.nats_per_image, 1.0, 2},
          {"bits/dim", "bits_per_dim", score.bits_per_dim, 1.0 / dims / std::numbers::ln2, 4}};
}

std::vector<std::string> files_of(const Evaluation& evaluation, const std::vector<int>& images) {
  std::vector<std::string> files;
  for (const int image : images) files.push_back(evaluation.files[static_cast<std::size_t>(image)]);
  return files;
}

// Of a classification of images whose classes are known.
double accuracy(const Evaluation& evaluation) {
  return static_cast<double>(*evaluation.classification->correct) / evaluation.score.images;
}

}  // namespace

std::optional<Interval> interval_over_images(std::span<const double> nats) {
  if (nats.size() < 2) return std::nullopt;
  const auto count = static_cast<double>(nats.size());
  double mean = 0.0, squares = 0.0;
  for (const double value : nats) mean += value;
  mean /= count;
  for (const double value : nats) squares += (value - mean) * (value - mean);
  const double half = 1.96 * std::sqrt(squares / (count - 1.0) / count);
  return Interval{mean - half, mean + half};
}

std::string scores_csv(const Evaluation& evaluation) {
  const auto dims = static_cast<double>(evaluation.image.size());
  const auto& background = evaluation.background;
  std::string csv = "index,file_index,nats,nats_per_dim,bits_per_dim";
  if (background) csv += ",background_nats,log_likelihood_ratio";
  if (!evaluation.files.empty()) csv += ",file";
  if (!evaluation.labels.empty()) csv += ",label";
  const auto& classification = evaluation.classification;
  if (classification) csv += ",predicted,predicted_probability";
  csv += "\n";
  for (std::size_t i = 0; i < evaluation.nats.size(); ++i) {
    const double nats = evaluation.nats[i];
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{}", i, evaluation.file_index[i], nats, nats / dims,
                   nats / dims / std::numbers::ln2);
    if (background)
      fmt::format_to(std::back_inserter(csv), ",{},{}", background->nats[i], background->log_ratio[i]);
    if (!evaluation.files.empty()) csv += "," + csv_field(evaluation.files[i]);
    if (!evaluation.labels.empty()) csv += "," + csv_field(evaluation.labels[i]);
    if (classification)
      fmt::format_to(std::back_inserter(csv), ",{},{}", csv_field(classification->names[i]),
                     classification->probability[i]);
    csv += "\n";
  }
  return csv;
}

std::string report_text(const Evaluation& evaluation, const EvalOptions& options) {
  const std::string condition = options.condition.empty() ? "" : "; condition: " + options.condition;
  std::string text =
      fmt::format("{}{}; {}\n{}, {}; scored in {:.2f} s: {:.1f} images/s\n", evaluation.split, condition,
                  evaluation.coding, evaluation.model, evaluation.precision, evaluation.seconds,
                  static_cast<double>(evaluation.nats.size()) / evaluation.seconds);
  for (const Unit& unit : units(evaluation)) {
    text += fmt::format("{:.{}f} {}", unit.mean, unit.digits, unit.name);
    if (const auto& interval = evaluation.nats_per_image)
      text += fmt::format("  (95 % interval over images: {:.{}f} to {:.{}f})", unit.per_nat * interval->low,
                          unit.digits, unit.per_nat * interval->high, unit.digits);
    text += "\n";
  }
  if (const auto& classification = evaluation.classification) {
    text += fmt::format("classes by Bayes' rule, each of {} as likely beforehand", classification->classes);
    if (classification->correct)
      text += fmt::format(": {:.2f} % right, {} of {}; {:.4f} nats/label", 100.0 * accuracy(evaluation),
                          grouped(*classification->correct), counted(evaluation.score.images, "image"),
                          *classification->nats_per_label);
    text += "\n";
  }
  if (const auto& background = evaluation.background) {
    text += fmt::format("background: {}, {}: {:.4f} nats/dim  {:.2f} nats/image  {:.4f} bits/dim\n",
                        background->model, background->precision, background->score.nats_per_dim,
                        background->score.nats_per_image, background->score.bits_per_dim);
    text += fmt::format("{:.2f} nats/image log-likelihood ratio, log p - log p of the background",
                        background->log_ratio_per_image);
    if (background->interval)
      text += fmt::format("  (95 % interval over images: {:.2f} to {:.2f})", background->interval->low,
                          background->interval->high);
    text += "\n";
  }
  if (!evaluation.nats_per_image) text += "note: one image has no interval\n";
  for (const std::string& note : evaluation.notes) text += "note: " + note + "\n";
  if (!options.scores.empty()) text += options.scores + ": the score of every image\n";
  if (const auto& nll_map = evaluation.nll_map)
    text += fmt::format(
        "{}: the {} most likely images (left) and the {} least likely (right), each beside its nats per "
        "pixel, summed over channels: black = 0, white = {:.4g} nats\n",
        options.nll_map, nll_map->most_likely.size(), nll_map->least_likely.size(), nll_map->white_nats);
  return escape_controls_by_line(text);
}

std::string report_json(const Evaluation& evaluation, const EvalOptions& options) {
  const Backend here = backend();
  nlohmann::ordered_json json{{"model", evaluation.model}, {"split", evaluation.split}};
  if (!options.condition.empty()) json["condition"] = options.condition;
  json.update({{evaluation.binary ? "binarisation" : "coding", evaluation.coding},
               {"precision", evaluation.precision},
               {"library", here.library},
               {"instructions", here.instruction_set},
               {"images", evaluation.score.images},
               {"channels", evaluation.image.c},
               {"height", evaluation.image.h},
               {"width", evaluation.image.w}});
  for (const Unit& unit : units(evaluation)) {
    json[unit.key] = unit.mean;
    const std::string interval = std::string(unit.key) + "_interval";
    if (evaluation.nats_per_image)
      json[interval] = {unit.per_nat * evaluation.nats_per_image->low,
                        unit.per_nat * evaluation.nats_per_image->high};
    else
      json[interval] = nullptr;
  }
  if (const auto& background = evaluation.background) {
    json["background"] = {{"model", background->model},
                          {"precision", background->precision},
                          {"nats_per_dim", background->score.nats_per_dim},
                          {"nats_per_image", background->score.nats_per_image},
                          {"bits_per_dim", background->score.bits_per_dim}};
    json["log_likelihood_ratio_per_image"] = background->log_ratio_per_image;
    if (background->interval)
      json["log_likelihood_ratio_per_image_interval"] = {background->interval->low,
                                                         background->interval->high};
    else
      json["log_likelihood_ratio_per_image_interval"] = nullptr;
  }
  if (const auto& classification = evaluation.classification) {
    json["classification"] = {{"classes", classification->classes}, {"accuracy", nullptr}};
    if (classification->correct)
      json["classification"].update({{"accuracy", accuracy(evaluation)},
                                     {"correct", *classification->correct},
                                     {"nats_per_label", *classification->nats_per_label}});
  }
  json["interval"] = "95 % over images: mean -+ 1.96 * sample standard deviation / sqrt(images)";
  json["notes"] = evaluation.notes;
  if (!options.scores.empty()) json["scores"] = options.scores;
  if (const auto& nll_map = evaluation.nll_map) {
    json["nll_map"] = {{"picture", options.nll_map},
                       {"most_likely", nll_map->most_likely},
                       {"least_likely", nll_map->least_likely},
                       {"white_nats_per_pixel", nll_map->white_nats}};
    if (!evaluation.files.empty()) {
      json["nll_map"]["most_likely_files"] = files_of(evaluation, nll_map->most_likely);
      json["nll_map"]["least_likely_files"] = files_of(evaluation, nll_map->least_likely);
    }
  }
  // Paths need not be UTF-8.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace pcnn

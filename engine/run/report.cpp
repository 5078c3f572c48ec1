#include "engine/run/report.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPictures = 9;

// "epoch-0012.png" is "epoch 12".
std::string caption_of(const std::string& stem) {
  const std::size_t dash = stem.find('-');
  if (dash == std::string::npos) return stem;
  const std::size_t digits = std::min(stem.find_first_not_of('0', dash + 1), stem.size() - 1);
  return stem.substr(0, dash) + " " + stem.substr(digits);
}

void read_samples(const RunDirectory& directory, Report& report) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory.path() + "/samples", error))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  std::ranges::sort(files);
  report.sample_files = static_cast<std::int64_t>(files.size());
  const std::size_t shown = std::min(files.size(), kMostPictures);
  for (std::size_t i = 0; i < shown; ++i) {
    const fs::path& file = files[shown == 1 ? files.size() - 1 : i * (files.size() - 1) / (shown - 1)];
    report.samples.push_back({caption_of(file.stem().string()), read_text_file(file.string())});
  }
}

void read_scores(const std::string& path, Report& report) {
  if (!fs::exists(path)) return;
  try {
    const nlohmann::json results = nlohmann::json::parse(read_text_file(path));
    report.split = results.at("split");
    for (const nlohmann::json& model : results.at("models"))
      report.scores.push_back({.parameters = model.at("parameters"),
                               .epoch = model.at("epoch"),
                               .nats_per_dim = model.at("nats_per_dim"),
                               .nats_per_image = model.at("nats_per_image"),
                               .bits_per_dim = model.at("bits_per_dim")});
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(path, 0, std::string("its scores cannot be read: ") + error.what());
  }
}

}  // namespace

Report read_report(const RunDirectory& directory) {
  Report report;
  report.config_yaml = read_text_file(directory.config());
  report.metrics = read_metrics(directory.metrics());
  read_scores(directory.results(), report);
  read_samples(directory, report);
  return report;
}

}  // namespace pcnn

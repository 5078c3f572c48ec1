#include "engine/run/report.h"

#include <algorithm>
#include <filesystem>
#include <utility>

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

}  // namespace

Report read_report(const RunDirectory& directory) {
  Report report;
  report.config_yaml = read_text_file(directory.config());
  std::string unread;  // it is the run's own, written or removed by it
  if (std::optional<RunResults> results = read_results(directory.results(), unread)) {
    report.split = std::move(results->split);
    report.scores = std::move(results->scores);
  }
  read_samples(directory, report);
  return report;
}

}  // namespace pcnn

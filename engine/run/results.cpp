#include "engine/run/results.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/io/file.h"

namespace pcnn {
namespace {

std::optional<Ending> ending_in(const nlohmann::json& results) {
  if (!results.contains("ended")) return std::nullopt;
  Ending ending{.reason = results.at("reason"),
                .step = results.at("step"),
                .epoch = results.at("epoch"),
                .diverged = results.value("diverged", false)};
  for (const Ended how : {Ended::kCompleted, Ended::kInterrupted, Ended::kFailed})
    if (results.at("ended").get<std::string>() == name_of(how)) ending.how = how;
  return ending;
}

FinalScore score_in(const nlohmann::json& model) {
  return {.parameters = model.at("parameters"),
          .epoch = model.at("epoch"),
          .images = model.at("images"),
          .nats_per_dim = model.at("nats_per_dim"),
          .nats_per_image = model.at("nats_per_image"),
          .bits_per_dim = model.at("bits_per_dim")};
}

}  // namespace

void write_results(const RunParts& run, const Ending& ending, const std::vector<FinalScore>& scores) {
  nlohmann::ordered_json results = ending_fields(ending);
  results["split"] = describe_split(run.config.data, run.data.test, "test");
  results[run.config.data.levels > 0 ? "coding" : "binarisation"] = run.coding->describe();
  results["precision"] = name_of(run.precision);
  results["note"] = run.data.note;
  results["models"] = nlohmann::ordered_json::array();
  for (const FinalScore& score : scores)
    results["models"].push_back({{"parameters", score.parameters},
                                 {"epoch", score.epoch},
                                 {"images", score.images},
                                 {"nats_per_dim", score.nats_per_dim},
                                 {"nats_per_image", score.nats_per_image},
                                 {"bits_per_dim", score.bits_per_dim}});
  write_file_atomic(run.directory.results(), results.dump(2) + "\n");
}

std::optional<RunResults> read_results(const std::string& path, std::string& note) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_text_file(path));
    RunResults results{.ending = ending_in(json), .split = json.value("split", ""), .scores = {}};
    if (!results.ending || json.contains("models"))
      for (const nlohmann::json& model : json.at("models")) results.scores.push_back(score_in(model));
    return results;
  } catch (const nlohmann::json::exception& error) {
    note = fmt::format("{}: cannot be read and is passed over: {}", path, error.what());
    return std::nullopt;
  }
}

}  // namespace pcnn

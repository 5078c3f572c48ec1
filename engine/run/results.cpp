#include "engine/run/results.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/compile/backend.h"
#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/json_fields.h"
#include "engine/train/train_config.h"

namespace pcnn {
namespace {

constexpr double kMost = 1e300;  // of scores: anything finite

std::optional<Ending> ending_in(const JsonFields& results) {
  if (!results.has("ended")) return std::nullopt;
  Ending ending{.reason = results.text("reason"),
                .step = results.whole("step", 0, kMostSteps),
                .epoch = results.whole("epoch", 0, kMostSteps),
                .diverged = results.boolean("diverged", false)};
  const std::string ended = results.text("ended");
  for (const Ended how : {Ended::kCompleted, Ended::kInterrupted, Ended::kFailed})
    if (ended == name_of(how)) {
      ending.how = how;
      return ending;
    }
  results.refuse("ended", "completed, interrupted or failed");
}

FinalScore score_in(const JsonFields& model) {
  return {.parameters = model.text("parameters"),
          .epoch = model.whole("epoch", 0, kMostSteps),
          .images = model.whole("images", 1, std::numeric_limits<std::int32_t>::max()),
          .nats_per_dim = model.real("nats_per_dim", -kMost, kMost),
          .nats_per_image = model.real("nats_per_image", -kMost, kMost),
          .bits_per_dim = model.real("bits_per_dim", -kMost, kMost)};
}

}  // namespace

void write_results(const RunParts& run, const Ending& ending, const std::vector<FinalScore>& scores) {
  nlohmann::ordered_json results = ending_fields(ending);
  results["split"] = describe_split(run.config.data, run.data.test, "test");
  results[run.config.data.levels > 0 ? "coding" : "binarisation"] = run.coding->describe();
  results["precision"] = name_of(run.precision);
  const Backend here = backend();
  results["library"] = here.library;
  results["instructions"] = here.instruction_set;
  results["sampling"] = pixel_kernel(run.precision).arithmetic;
  results["note"] = run.data.note;
  results["models"] = nlohmann::ordered_json::array();
  for (const FinalScore& score : scores)
    results["models"].push_back({{"parameters", score.parameters},
                                 {"epoch", score.epoch},
                                 {"images", score.images},
                                 {"nats_per_dim", score.nats_per_dim},
                                 {"nats_per_image", score.nats_per_image},
                                 {"bits_per_dim", score.bits_per_dim}});
  write_file_atomic(run.directory.results(),
                    results.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::optional<RunResults> read_results(const std::string& path, std::string& note) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const nlohmann::json json = parse_json(path, read_text_file(path));
    const JsonFields fields(path, json);
    RunResults results{.ending = ending_in(fields), .split = fields.text("split", ""), .scores = {}};
    if (!results.ending || fields.has("models"))
      for (const JsonFields& model : fields.objects("models")) results.scores.push_back(score_in(model));
    return results;
  } catch (const FormatError& error) {
    note = fmt::format("{}; it is passed over", error.what());
    return std::nullopt;
  }
}

}  // namespace pcnn

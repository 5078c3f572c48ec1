#include "engine/run/results.h"

#include <nlohmann/json.hpp>

#include "engine/io/file.h"

namespace pcnn {

void write_results(const RunParts& run, const std::vector<FinalScore>& scores) {
  nlohmann::ordered_json results{
      {"split", describe_split(run.config.data, run.data.test, "test")},
      {run.config.data.levels > 0 ? "coding" : "binarisation", run.coding->describe()},
      {"precision", name_of(run.precision)},
      {"note", run.data.note},
      {"models", nlohmann::ordered_json::array()}};
  for (const FinalScore& score : scores)
    results["models"].push_back({{"parameters", score.parameters},
                                 {"epoch", score.epoch},
                                 {"images", score.images},
                                 {"nats_per_dim", score.nats_per_dim},
                                 {"nats_per_image", score.nats_per_image},
                                 {"bits_per_dim", score.bits_per_dim}});
  write_file_atomic(run.directory.results(), results.dump(2) + "\n");
}

}  // namespace pcnn

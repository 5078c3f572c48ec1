#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/run/run_directory.h"

namespace pcnn {

enum class Ended {
  kCompleted,    // a budget or train.patience ended training, and the test split is scored
  kInterrupted,  // it was told to
  kFailed,       // an error
};
[[nodiscard]] std::string_view name_of(Ended ended);  // "completed"

// How a run ended, and where.
struct Ending {
  Ended how = Ended::kFailed;
  std::string reason;     // one line
  std::int64_t step = 0;  // of training
  std::int64_t epoch = 0;
  bool diverged = false;  // the error was that training diverged; it will again
};

// What results.json has of it.
[[nodiscard]] nlohmann::ordered_json ending_fields(const Ending& ending);
// results.json of a run that has no final scores.
[[nodiscard]] std::string ending_json(const Ending& ending);

// Writes results.json of a run that has no final scores. Where it cannot be written nothing is said: what
// ended the run is more to the point.
void record_ending(const RunDirectory& directory, const Ending& ending);

}  // namespace pcnn

#include "engine/run/ending.h"

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {

std::string_view name_of(Ended ended) {
  switch (ended) {
    case Ended::kCompleted:
      return "completed";
    case Ended::kInterrupted:
      return "interrupted";
    case Ended::kFailed:
      return "failed";
  }
  return "";
}

nlohmann::ordered_json ending_fields(const Ending& ending) {
  nlohmann::ordered_json fields{{"ended", name_of(ending.how)},
                                {"reason", ending.reason},
                                {"step", ending.step},
                                {"epoch", ending.epoch}};
  if (ending.diverged) fields["diverged"] = true;
  return fields;
}

std::string ending_json(const Ending& ending) {
  return ending_fields(ending).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void record_ending(const RunDirectory& directory, const Ending& ending) {
  try {
    write_file_atomic(directory.results(), ending_json(ending));
  } catch (const FileError&) {
  }
}

}  // namespace pcnn

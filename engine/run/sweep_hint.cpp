#include "engine/run/sweep_hint.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/shell_word.h"
#include "engine/io/file.h"
#include "engine/io/json_fields.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

// The number under "best"; 0 where the file says none.
std::int64_t best_trial(const std::string& path) {
  try {
    const nlohmann::json json = parse_json(path, read_text_file(path));
    const JsonFields state(path, json);
    return state.has("best") ? state.whole("best", 1, std::numeric_limits<int>::max()) : 0;
  } catch (const Error&) {
    return 0;  // that it is a sweep is enough
  }
}

}  // namespace

void refuse_sweep(const std::string& path, std::string_view command) {
  std::error_code error;
  const fs::path state = fs::path(path) / "sweep.json";
  if (!fs::is_directory(path, error) || !fs::is_regular_file(state, error)) return;
  const std::int64_t best = best_trial(state);
  if (best == 0)
    throw ConfigError(
        fmt::format("{}: a sweep, and none of its trials has ended an epoch; each is a run: {}{}", path,
                    command, shell_word((fs::path(path) / "trial-1").string())));
  throw ConfigError(fmt::format("{}: a sweep; its best trial: {}{}", path, command,
                                shell_word((fs::path(path) / fmt::format("trial-{}", best)).string())));
}

}  // namespace pcnn

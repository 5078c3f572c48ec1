#include "engine/run/resumable.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/shell_word.h"
#include "engine/io/file.h"
#include "engine/model/checkpoint.h"
#include "engine/run/run_config.h"

namespace pcnn {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

// A key, or with a dot at its end all keys of a section.
constexpr std::array<std::string_view, 12> kResumableKeys{"train.epochs",
                                                          "train.steps",
                                                          "train.seconds",
                                                          "train.patience",
                                                          "train.report_every",
                                                          "train.checkpoint_every.",
                                                          "data.directory",
                                                          "threads",
                                                          "precision",
                                                          "sample.",
                                                          "name",
                                                          "output"};

bool may_change(std::string_view path) {
  return std::ranges::any_of(kResumableKeys, [&](std::string_view key) {
    return key.ends_with('.') ? path.starts_with(key) : path == key;
  });
}

std::string list_of_keys() {
  std::string list;
  for (const std::string_view key : kResumableKeys)
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", key, key.ends_with('.') ? "*" : "");
  return list;
}

// Of the last checkpoint that is whole; none where no file can be read as one.
std::optional<std::string> saved_config(const RunDirectory& directory) {
  for (const std::string& path : {directory.checkpoint(), directory.previous()}) {
    if (!file_exists(path)) continue;
    try {
      return Checkpoint::read(path).metadata("config");
    } catch (const FormatError&) {
    }
  }
  return {};
}

struct Change {
  std::string path, before, now;  // values as YAML
};

// Keys that one of them alone has, for a choice that the other does not have, are there only where nothing
// else tells of them.
std::vector<Change> changes(const Values& before, const Values& now) {
  const std::map<std::string, std::string> then(before.begin(), before.end()), today(now.begin(), now.end());
  std::vector<Change> both, one;
  for (const auto& [path, value] : now) {
    const auto found = then.find(path);
    if (found == then.end())
      one.push_back({path, "nothing", value});
    else if (found->second != value)
      both.push_back({path, found->second, value});
  }
  for (const auto& [path, value] : before)
    if (!today.contains(path)) one.push_back({path, value, "nothing"});
  const bool is_told =
      std::ranges::any_of(both, [](const Change& change) { return !may_change(change.path); });
  if (!is_told) both.insert(both.end(), one.begin(), one.end());
  return both;
}

}  // namespace

void check_resumable(const std::vector<std::string>& overrides) {
  for (const std::string& text : overrides)
    if (!may_change(std::string_view(text).substr(0, text.find('='))))
      throw ConfigError("override '" + text +
                        "': a resumed run keeps its config; what may change: " + list_of_keys());
}

std::string check_unchanged(const Values& values, const RunDirectory& directory) {
  const std::optional<std::string> yaml = saved_config(directory);
  if (!yaml) return "";
  const ConfigDocument document = ConfigDocument::from_string(*yaml, directory.checkpoint() + " (config)");
  try {
    (void)read_run_config(document, "");
  } catch (const ConfigError& error) {
    return fmt::format("whether {} is the config of before cannot be told: {}", directory.config(),
                       error.what());
  }
  std::vector<std::string> refused, noted;
  for (const auto& [path, before, now] : changes(document.values_in_effect(), values))
    (may_change(path) ? noted : refused).push_back(fmt::format("{} {} (was {})", path, now, before));
  if (!refused.empty())
    throw ConfigError(
        fmt::format("{}: not what the run was trained with: {}; put {} back, or start a new run, with "
                    "train.start_from={} from its parameters",
                    directory.config(), fmt::join(refused, ", "), refused.size() == 1 ? "it" : "them",
                    shell_word(directory.path())));
  return noted.empty() ? "" : fmt::format("changed since the last checkpoint: {}", fmt::join(noted, ", "));
}

}  // namespace pcnn

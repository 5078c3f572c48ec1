#include "engine/sweep/sweep_config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/config/config.h"
#include "engine/config/renamed.h"

namespace pcnn {
namespace {

constexpr double kMostParallel = 256;

Objective read_objective(const ConfigNode& sweep) {
  Objective objective;
  objective.metric = sweep.choice<Metric>("metric", objective.metric,
                                          {{"validation_nats_per_dim", Metric::kValidationNatsPerDim},
                                           {"validation_bits_per_dim", Metric::kValidationBitsPerDim},
                                           {"train_nats_per_dim", Metric::kTrainNatsPerDim},
                                           {"images_per_second", Metric::kImagesPerSecond}});
  sweep.governs("metric", {"goal"});
  const Goal usual = objective.metric == Metric::kImagesPerSecond ? Goal::kMaximise : Goal::kMinimise;
  objective.goal =
      sweep.choice<Goal>("goal", usual, {{"minimise", Goal::kMinimise}, {"maximise", Goal::kMaximise}});
  return objective;
}

std::optional<EarlyStopping> read_early_stopping(const ConfigNode& sweep) {
  const bool wanted = sweep.has("early_stopping");
  const ConfigNode section = sweep.section("early_stopping");
  EarlyStopping rule;
  rule.max = section.optional_integer("max", ConfigRange::at_least(1));
  rule.grace = section.integer("grace", rule.grace, ConfigRange::at_least(1));
  rule.reduction_factor =
      section.integer("reduction_factor", rule.reduction_factor, ConfigRange::between(2, 100));
  if (rule.max && *rule.max < rule.grace)
    section.fail("grace", "more epochs than max, accepted: up to " + std::to_string(*rule.max));
  return wanted ? std::optional(rule) : std::nullopt;
}

bool is_of_a_range(std::string_view key) {
  constexpr std::array<std::string_view, 4> kKeys{"min", "max", "log", "count"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

// The first value in the sections under `key`: path and values, "train.batch" and "8,16".
std::pair<std::string, std::string> first_value(const ConfigNode& section, const std::string& key) {
  if (section.holds_section(key)) {
    const ConfigNode inner = section.section(key);
    const std::vector<std::string> below = inner.given_keys();
    if (below.empty() || is_of_a_range(below.front())) return {key, "1,2"};
    const auto [path, values] = first_value(inner, below.front());
    return {key + "." + path, values};
  }
  std::string values;
  if (section.has(key))
    for (const std::string& value : section.values(key)) values += (values.empty() ? "" : ",") + value;
  return {key, values.empty() ? "1,2" : values};
}

// {train: {batch: [8, 16]}} in place of train.batch: [8, 16].
void refuse_nested(const ConfigNode& parameters, const std::string& key) {
  const std::vector<std::string> below = parameters.section(key).given_keys();
  const auto strange = std::ranges::find_if_not(below, is_of_a_range);
  if (strange == below.end() ||
      (!parameters.section(key).holds_section(*strange) && !parameters.section(key).holds_list(*strange)))
    return;
  const auto [path, values] = first_value(parameters, key);
  parameters.fail(key, "parameters are listed by path, as in " + path + ": [" + values +
                           "]; on the command line that is " + path + "=" + values);
}

ParameterRange read_range(const ConfigNode& sweep, const ConfigNode& section, SearchMethod method) {
  for (const char* bound : {"min", "max"})
    if (!section.has(bound))
      section.fail(bound, "missing; a range is {min: 1, max: 4}, and log: true where it spans powers");
  ParameterRange range;
  range.whole = section.holds_integer("min") && section.holds_integer("max");
  range.min = section.real("min", 0.0);
  range.max = section.real("max", 0.0);
  range.log = section.boolean("log", false);
  sweep.governs("method", section, {"count"});
  range.count = section.optional_integer("count", ConfigRange::between(2, kMostTrials));
  if (range.min >= range.max) section.fail("max", "not above min");
  if (range.log && range.min <= 0.0) section.fail("min", "not above 0, which log: true needs");
  if (method == SearchMethod::kRandom && range.count)
    section.fail("count", "only a grid counts the values of a range");
  if (method == SearchMethod::kGrid && !range.count) {
    if (!range.whole)
      section.fail("count", "missing; in a grid it says how many values to take from min to max");
    if (range.log)
      section.fail("count", "missing; with log: true it says how many values to take from min to max");
    if (range.max - range.min >= kMostTrials)
      section.fail("max", "more than 10000 values; count: N takes fewer");
  }
  return range;
}

// What the sweep itself decides for every trial.
bool is_of_the_sweep(std::string_view path) {
  constexpr std::array<std::string_view, 4> kOwn{"name", "output", "threads", "sweep"};
  return std::ranges::find(kOwn, path.substr(0, path.find_first_of(".["))) != kOwn.end();
}

std::vector<SweptParameter> read_parameters(const ConfigNode& sweep, SearchMethod method) {
  const ConfigNode section = sweep.section("parameters");
  std::vector<SweptParameter> parameters;
  for (const std::string& path : section.given_keys()) {
    if (is_of_the_sweep(path)) section.fail(path, "is not of the trials, but of the sweep");
    SweptParameter parameter{.path = path, .values = {}, .range = {}};
    if (section.holds_section(path)) refuse_nested(section, path);
    if (section.holds_section(path))
      parameter.range = read_range(sweep, section.section(path), method);
    else
      parameter.values = section.values(path);
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

// What was swept under an old name of its key is swept under the one of now.
void follow_rename(SweptParameter& parameter, std::vector<std::string>& notes) {
  std::string now = config_detail::current_path(parameter.path);
  if (now == parameter.path) return;
  notes.push_back(config_detail::renamed_note(parameter.path));
  parameter.path = std::move(now);
}

// Of who wrote where the parameters stand in a file.
std::string hint_of(std::string_view path) {
  constexpr std::string_view kParameters = "sweep.parameters.";
  return path.starts_with(kParameters)
             ? "; write " + std::string(path.substr(kParameters.size())) + "=a,b,c to sweep over it"
             : "";
}

}  // namespace

SweepConfig read_sweep_config(const ConfigNode& sweep, const std::vector<SweptParameter>& extra,
                              const std::vector<std::string>& fixed) {
  SweepConfig config;
  config.method = sweep.choice<SearchMethod>(
      "method", config.method, {{"grid", SearchMethod::kGrid}, {"random", SearchMethod::kRandom}});
  if (config.method == SearchMethod::kRandom) {
    config.trials = sweep.integer("trials", config.trials, ConfigRange::between(1, kMostTrials));
    config.seed = static_cast<std::uint64_t>(sweep.integer("seed", 1, ConfigRange::seeds()));
  } else {
    sweep.governs("method", {"trials", "seed"});
    for (const char* key : {"trials", "seed"})
      if (sweep.has(key))
        sweep.fail(key, "a grid has a trial for every combination; method: random draws some");
  }
  config.parallel =
      static_cast<int>(sweep.integer("parallel", config.parallel, ConfigRange::between(1, kMostParallel)));
  config.objective = read_objective(sweep);
  config.early_stopping = read_early_stopping(sweep);
  config.parameters = read_parameters(sweep, config.method);
  sweep.reject_unread();

  for (SweptParameter& parameter : config.parameters) {
    const std::string path = parameter.path;
    follow_rename(parameter, config.notes);
    if (std::ranges::count(config.parameters, parameter.path, &SweptParameter::path) > 1)
      sweep.section("parameters").fail(path, "the old name of " + parameter.path + ", which is swept, too");
  }
  std::erase_if(config.parameters, [&](const SweptParameter& parameter) {
    return std::ranges::find(fixed, parameter.path, config_detail::current_path) != fixed.end();
  });
  for (SweptParameter parameter : extra) {
    follow_rename(parameter, config.notes);
    if (is_of_the_sweep(parameter.path))
      sweep.fail("", parameter.path + " cannot be swept, it is the sweep's own" + hint_of(parameter.path));
    const auto same = std::ranges::find(config.parameters, parameter.path, &SweptParameter::path);
    if (same != config.parameters.end())
      *same = parameter;
    else
      config.parameters.push_back(parameter);
  }
  if (config.parameters.empty())
    sweep.fail("parameters",
               "nothing to sweep, accepted: lists or ranges by key, such as train.batch: [32, 64], or "
               "train.batch=32,64 on the command line");
  return config;
}

}  // namespace pcnn

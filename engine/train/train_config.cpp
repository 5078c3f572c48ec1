#include "engine/train/train_config.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "engine/config/applies.h"
#include "engine/config/config.h"

namespace pcnn {
namespace {

// Limits nobody means to reach: they keep products of counts inside 64 bits and reals inside a float.
constexpr double kMostEpochs = 1e6;
constexpr double kStepLimit = kMostSteps;
constexpr double kMostImages = 1 << 20;  // in a batch

const ConfigRange kFraction = ConfigRange::from_below(0.0, 1.0);  // decay rates of averages

template <typename T>
using Names = std::initializer_list<std::pair<std::string_view, T>>;

const Names<OptimiserKind> kOptimisers = {{"rmsprop", OptimiserKind::kRmsprop},
                                          {"adam", OptimiserKind::kAdam},
                                          {"adamw", OptimiserKind::kAdamW},
                                          {"sgd", OptimiserKind::kSgd},
                                          {"muon", OptimiserKind::kMuon}};
const Names<ScheduleKind> kSchedules = {{"constant", ScheduleKind::kConstant},
                                        {"warmup_cosine", ScheduleKind::kWarmupCosine},
                                        {"step", ScheduleKind::kStep}};

template <typename T>
std::string_view name_of(const Names<T>& names, T value) {
  return std::ranges::find(names, value, &std::pair<std::string_view, T>::second)->first;
}

OptimiserConfig read_optimiser(const ConfigNode& train) {
  using enum OptimiserKind;
  OptimiserConfig config;
  config.kind = train.choice<OptimiserKind>("optimiser", config.kind, kOptimisers);
  constexpr std::string_view kGovernor = "optimiser";
  train.governs(kGovernor, {"momentum", "nesterov"});
  train.governs(kGovernor, {"epsilon"}, {"adam", "adamw", "muon"});
  train.governs(kGovernor, {"learning_rate"}, {"rmsprop", "adam", "adamw", "sgd"});
  const std::string reason = "optimiser is " + std::string(name_of(kOptimisers, config.kind));
  const bool rmsprop = config.kind == kRmsprop, sgd = config.kind == kSgd, muon = config.kind == kMuon;
  const bool decays = muon || config.kind == kAdamW, adam = decays || config.kind == kAdam;
  if (muon) {
    config.learning_rate = 0.02;
    config.momentum = 0.95;
  }

  const ConfigRange rates = ConfigRange::above_up_to(0.0, 1e3);
  config.learning_rate = train.real("learning_rate", config.learning_rate, rates);
  if (applies(train, "adam_learning_rate", muon, reason, {kGovernor}))
    config.adam_learning_rate = train.real("adam_learning_rate", config.adam_learning_rate, rates);
  if (applies(train, "rho", rmsprop, reason, {kGovernor}))
    config.rho = train.real("rho", config.rho, kFraction);
  if (applies(train, "beta1", adam, reason, {kGovernor}))
    config.beta1 = train.real("beta1", config.beta1, kFraction);
  if (applies(train, "beta2", adam, reason, {kGovernor}))
    config.beta2 = train.real("beta2", config.beta2, kFraction);
  if (applies(train, "epsilon", rmsprop || adam, reason, {kGovernor}))
    config.epsilon = train.real("epsilon", config.epsilon, ConfigRange::between(1e-20, 1.0));
  if (applies(train, "epsilon_under_root", rmsprop, reason, {kGovernor}))
    config.epsilon_under_root = train.boolean("epsilon_under_root", config.epsilon_under_root);
  if (applies(train, "momentum", rmsprop || sgd || muon, reason, {kGovernor}))
    config.momentum = train.real("momentum", config.momentum, kFraction);
  if (applies(train, "nesterov", sgd || muon, reason, {kGovernor}))
    config.nesterov = train.boolean("nesterov", muon && config.momentum > 0.0);
  if (applies(train, "weight_decay", decays, reason, {kGovernor}))
    config.weight_decay = train.real("weight_decay", config.weight_decay, ConfigRange::between(0.0, 10.0));

  if (config.nesterov && config.momentum == 0.0)
    train.fail("nesterov", "found true, accepted: false while train.momentum is 0");
  return config;
}

ScheduleConfig read_schedule(const ConfigNode& section) {
  using enum ScheduleKind;
  ScheduleConfig config;
  config.kind = section.choice<ScheduleKind>("kind", config.kind, kSchedules);
  const std::string reason = "kind is " + std::string(name_of(kSchedules, config.kind));
  const bool cosine = config.kind == kWarmupCosine, step = config.kind == kStep;

  config.warmup_steps = section.integer("warmup_steps", 0, ConfigRange::between(0, kStepLimit));
  if (applies(section, "final_fraction", cosine, reason, {"kind"}))
    config.final_fraction =
        section.real("final_fraction", config.final_fraction, ConfigRange::between(0.0, 1.0));
  if (applies(section, "every_epochs", step, reason, {"kind"}))
    config.every_epochs =
        section.optional_integer("every_epochs", ConfigRange::between(1, kMostEpochs)).value_or(0);
  if (applies(section, "every_steps", step, reason, {"kind"}))
    config.every_steps =
        section.optional_integer("every_steps", ConfigRange::between(1, kStepLimit)).value_or(0);
  if (applies(section, "gamma", step, reason, {"kind"}))
    config.gamma = section.real("gamma", config.gamma, ConfigRange::above_up_to(0.0, 1.0));

  if (step && (config.every_epochs > 0) == (config.every_steps > 0))
    section.fail("", "step needs exactly one of every_epochs and every_steps");
  return config;
}

AverageConfig read_average(const ConfigNode& section) {
  AverageConfig config;
  config.decay = section.real("decay", config.decay, kFraction);
  config.warm_up = section.boolean("warm_up", config.warm_up);
  if (config.warm_up && !config.enabled())
    section.fail("warm_up", "found true, accepted: false while decay is 0");
  return config;
}

void read_budgets(const ConfigNode& train, TrainConfig& config) {
  const ConfigRange epochs = ConfigRange::between(1, kMostEpochs);
  config.steps = train.optional_integer("steps", ConfigRange::between(1, kStepLimit));
  config.seconds = train.optional_real("seconds", ConfigRange::positive());
  if (config.steps || config.seconds) {
    config.epochs = train.optional_integer("epochs", epochs);
  } else {
    config.epochs = train.integer("epochs", *config.epochs, epochs);
  }
}

}  // namespace

std::optional<std::int64_t> TrainConfig::total_steps(std::int64_t steps_per_epoch) const {
  if (!epochs) return steps;
  const std::int64_t whole = *epochs * steps_per_epoch;
  return steps ? std::min(*steps, whole) : whole;
}

bool TrainConfig::ends_window(std::int64_t step, std::int64_t steps_per_epoch) const {
  constexpr std::int64_t kWindows = 50, kPerDoubling = 10;
  const auto at_least_one = [](std::int64_t steps) { return std::max<std::int64_t>(1, steps); };
  if (report_every) return step % *report_every == 0;
  if (const auto total = total_steps(steps_per_epoch); total && !seconds)
    return step % at_least_one(*total / kWindows) == 0;
  return step % static_cast<std::int64_t>(
                    std::bit_floor(static_cast<std::uint64_t>(at_least_one(step / kPerDoubling)))) ==
         0;
}

TrainConfig read_train_config(const ConfigNode& train) {
  TrainConfig config;
  config.start_from = train.optional_text("start_from").value_or("");
  config.optimiser = read_optimiser(train);
  config.schedule = read_schedule(train.section("schedule"));
  const ConfigRange limit = ConfigRange::between(1e-20, 1e20);
  config.clip_norm = train.optional_real("clip_norm", limit);
  config.clip_value = train.optional_real("clip_value", limit);
  config.input_noise = train.real("input_noise", config.input_noise, ConfigRange::between(0.0, 0.5));
  config.average = read_average(train.section("average"));
  config.batch = train.integer("batch", config.batch, ConfigRange::between(1, kMostImages));
  config.shard_images = train.optional_integer("shard_images", ConfigRange::between(1, 16));
  read_budgets(train, config);
  config.patience = train.optional_integer("patience", ConfigRange::between(1, kMostEpochs));
  config.report_every = train.optional_integer("report_every", ConfigRange::between(1, kStepLimit));
  const ConfigNode every = train.section("checkpoint_every");
  config.checkpoint_steps = every.optional_integer("steps", ConfigRange::between(1, kStepLimit));
  if (config.checkpoint_steps)
    config.checkpoint_minutes = every.optional_real("minutes", ConfigRange::positive());
  else
    config.checkpoint_minutes = every.real("minutes", *config.checkpoint_minutes, ConfigRange::positive());

  if (config.clip_norm && config.clip_value) train.fail("clip_value", "cannot be combined with clip_norm");
  if (config.schedule.kind == ScheduleKind::kWarmupCosine && !config.epochs && !config.steps)
    train.section("schedule")
        .fail("kind",
              "warmup_cosine must know where training ends: set train.epochs or train.steps beside "
              "train.seconds");
  return config;
}

}  // namespace pcnn

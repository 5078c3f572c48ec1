#include "engine/sweep/sweep_config.h"

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

SweepConfig read(const std::string& yaml, const std::vector<SweptParameter>& extra = {},
                 const std::vector<std::string>& fixed = {}) {
  return read_sweep_config(load("sweep: {" + yaml + "}\n").root().section("sweep"), extra, fixed);
}

std::string error_of(const std::string& yaml) {
  const std::string error = config_error([&] { (void)read(yaml); });
  const std::size_t place = error.find("sweep");
  return place == std::string::npos ? error : error.substr(place);
}

constexpr const char* kSome = "parameters: {train.batch: [32, 64]}";

TEST(SweepConfig, HasDefaultsForAllButTheParameters) {
  const SweepConfig config = read(kSome);
  EXPECT_EQ(config.method, SearchMethod::kGrid);
  EXPECT_EQ(config.parallel, 1);
  EXPECT_EQ(config.objective.name(), "validation_nats_per_dim");
  EXPECT_EQ(config.objective.goal, Goal::kMinimise);
  EXPECT_FALSE(config.early_stopping);
  ASSERT_EQ(config.parameters.size(), 1u);
  EXPECT_EQ(config.parameters[0].path, "train.batch");
  EXPECT_EQ(config.parameters[0].values, (std::vector<std::string>{"32", "64"}));
  EXPECT_FALSE(config.parameters[0].range);
}

TEST(SweepConfig, ReadsRanges) {
  const SweepConfig config = read(
      "method: random, trials: 5, seed: 7, parallel: 3, metric: images_per_second, early_stopping: {grace: "
      "2}, "
      "parameters: {train.learning_rate: {min: 1e-4, max: 0.1, log: true}, model.blocks.0.repeat: {min: 1, "
      "max: 4}, "
      "train.momentum: {min: 0, max: 0.5}}");
  EXPECT_EQ(config.trials, 5);
  EXPECT_EQ(config.seed, 7u);
  EXPECT_EQ(config.parallel, 3);
  EXPECT_EQ(config.objective.goal, Goal::kMaximise);
  ASSERT_TRUE(config.early_stopping);
  EXPECT_EQ(config.early_stopping->grace, 2);
  ASSERT_EQ(config.parameters.size(), 3u);
  EXPECT_TRUE(config.parameters[0].range->log);
  EXPECT_FALSE(config.parameters[0].range->whole);
  EXPECT_EQ(config.parameters[0].range->max, 0.1);
  EXPECT_TRUE(config.parameters[1].range->whole);
  EXPECT_FALSE(config.parameters[2].range->whole);
}

TEST(SweepConfig, TakesTheCommandLinesListsAndLeavesOutWhatItFixes) {
  const SweepConfig config =
      read("parameters: {train.batch: [32, 64], train.epochs: [1, 2], seed: [1, 2]}",
           {{"train.batch", {"8", "16"}, {}}, {"model.activation", {"relu", "elu"}, {}}}, {"train.epochs"});
  ASSERT_EQ(config.parameters.size(), 3u);
  EXPECT_EQ(config.parameters[0].values, (std::vector<std::string>{"8", "16"}));
  EXPECT_EQ(config.parameters[1].path, "seed");
  EXPECT_EQ(config.parameters[2].path, "model.activation");
}

TEST(SweepConfig, TellsWhoNestsParametersHowTheyAreWritten) {
  EXPECT_EQ(
      config_error([] {
        (void)read_sweep_config(load("", {"sweep.parameters.train.batch=[8,16]"}).root().section("sweep"));
      }),
      "override 'sweep.parameters.train.batch=[8,16]': sweep.parameters.train: parameters are listed by "
      "path, as in train.batch: [8,16]; on the command line that is train.batch=8,16");
  EXPECT_EQ(
      error_of("parameters: {model: {output: {filters: [8, 16]}}}"),
      "sweep.parameters.model: parameters are listed by path, as in model.output.filters: [8,16]; on the "
      "command line that is model.output.filters=8,16");
  EXPECT_EQ(error_of("parameters: {train: {learning_rate: {min: 1, max: 2}}}"),
            "sweep.parameters.train: parameters are listed by path, as in train.learning_rate: [1,2]; on the "
            "command line that is train.learning_rate=1,2");
  EXPECT_EQ(config_error([] {
              (void)read({}, {{.path = "sweep.parameters.train.batch", .values = {"8", "16"}, .range = {}}});
            }),
            "x.yaml:1:1: sweep: sweep.parameters.train.batch cannot be swept, it is the sweep's own; write "
            "train.batch=a,b,c to sweep over it");
}

TEST(SweepConfig, AnotherMethodOrMetricLeavesOutWhatBelongedToTheFormer) {
  const auto of = [](const std::string& yaml, const std::vector<std::string>& overrides) {
    return read_sweep_config(load("sweep: {" + yaml + "}", overrides).root().section("sweep"));
  };
  const SweepConfig metric = of(std::string("metric: images_per_second, goal: maximise, ") + kSome,
                                {"sweep.metric=validation_nats_per_dim"});
  EXPECT_EQ(metric.objective.goal, Goal::kMinimise);
  EXPECT_EQ(of(std::string("method: random, trials: 3, seed: 5, ") + kSome, {"sweep.method=grid"}).method,
            SearchMethod::kGrid);
  const SweepConfig random =
      of("parameters: {a: {min: 0.5, max: 1, count: 3}}", {"sweep.method=random", "sweep.trials=4"});
  EXPECT_EQ(random.trials, 4);
  EXPECT_FALSE(random.parameters[0].range->count);
}

TEST(SweepConfig, RefusesWhatCannotBeSwept) {
  EXPECT_EQ(error_of(""),
            "sweep.parameters: nothing to sweep, accepted: lists or ranges by key, such as train.batch: [32, "
            "64], or "
            "train.batch=32,64 on the command line");
  EXPECT_EQ(error_of("parameters: {name: [a, b]}"),
            "sweep.parameters.name: is not of the trials, but of the sweep");
  EXPECT_EQ(error_of("parameters: {sweep.trials: [1]}"),
            "sweep.parameters.sweep.trials: is not of the trials, but of the sweep");
  EXPECT_EQ(error_of("parameters: {train.batch: []}"),
            "sweep.parameters.train.batch: found a list, accepted: a list of values, one at least");
  EXPECT_EQ(error_of("parameters: {train.batch: {min: 1}}"),
            "sweep.parameters.train.batch.max: missing; a range is {min: 1, max: 4}, and log: true where it "
            "spans powers");
  EXPECT_EQ(error_of("parameters: {train.batch: {min: 4, max: 4}}"),
            "sweep.parameters.train.batch.max: not above min");
  EXPECT_EQ(error_of("parameters: {train.batch: {min: 1, max: 4, stpe: 2}}"),
            "sweep.parameters.train.batch.stpe: unknown key; known here: min, max, log, count");
  EXPECT_EQ(error_of("parameters: {a: {min: 0, max: 1, log: true, count: 3}}"),
            "sweep.parameters.a.min: not above 0, which log: true needs");
  EXPECT_EQ(error_of("parameters: {a: {min: 0.5, max: 1}}"),
            "sweep.parameters.a.count: missing; in a grid it says how many values to take from min to max");
  EXPECT_EQ(error_of("method: random, parameters: {a: {min: 0.5, max: 1, count: 3}}"),
            "sweep.parameters.a.count: only a grid counts the values of a range");
  EXPECT_EQ(error_of(std::string("trials: 3, ") + kSome),
            "sweep.trials: a grid has a trial for every combination; method: random draws some");
  EXPECT_EQ(error_of(std::string("early_stopping: {max: 2, grace: 3}, ") + kSome),
            "sweep.early_stopping.grace: more epochs than max, accepted: up to 2");
  EXPECT_EQ(error_of(std::string("metirc: x, ") + kSome),
            "sweep.metirc: unknown key; did you mean sweep.metric?");
  EXPECT_EQ(error_of(std::string("method: radnom, ") + kSome),
            "sweep.method: found radnom, accepted: one of grid, random; did you mean random?");
}

}  // namespace
}  // namespace pcnn

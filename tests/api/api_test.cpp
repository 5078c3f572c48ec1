// The C++ interface: every result has the bits of the programs, and every mistake is one line.

#include "engine/api/pcnn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

#include "engine/io/npy.h"
#include "engine/run/eval_run.h"
#include "engine/run/sample_run.h"
#include "tests/run/tiny_run.h"
#include "tests/support/text.h"

namespace pcnn {
namespace {

using testing::expect_contains;

// A network of classes, trained on images whose class is their number modulo 3.
class Api : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    write_labels("train", 50);
    write_labels("t10k", 9);
    std::ofstream(root_ + "/class.yaml")
        << "name: classes\noutput: " << root_ << "/runs\nthreads: 2\n"
        << "data: {dataset: idx, directory: " << root_ << "/data, validation_images: 11, labels: true}\n"
        << "model: {condition: {classes: 3}, input: {kernel: 3, filters: 8}, blocks: {kind: gated, filters: "
           "4}}\n"
        << "train: {optimiser: adam, batch: 8, epochs: 2}\nsample: {count: 0}\n";
    run({.config = config(), .verbosity = Verbosity::kQuiet});
    run({.config = root_ + "/class.yaml", .verbosity = Verbosity::kQuiet});
  }

  void write_labels(const std::string& part, int count) const {
    std::ofstream file(root_ + "/data/" + part + "-labels-idx1-ubyte", std::ios::binary);
    for (const int number : {0x0801, count})
      for (const int shift : {24, 16, 8, 0}) file.put(static_cast<char>(number >> shift));
    for (int i = 0; i < count; ++i) file.put(static_cast<char>(i % 3));
  }

  // What pcnn-sample draws.
  [[nodiscard]] std::vector<api::Level> drawn_by_program(SampleOptions options) const {
    options.output = root_ + "/drawn.npy";
    options.overwrite = true;
    options.verbosity = Verbosity::kQuiet;
    pcnn::sample(options);
    return read_npy(options.output).values<api::Level>();
  }

  // The test images, as levels.
  [[nodiscard]] static std::vector<api::Level> test_images() {
    std::vector<api::Level> levels;
    for (int i = 0; i < 9 * kHeight * kWidth; ++i) levels.push_back((i * 7 + i / 30 * 3) % 5 < 2);
    return levels;
  }

  static std::string message(const std::function<void()>& action) {
    try {
      action();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(Api, DescribesTheModel) {
  const api::Model model(directory());
  EXPECT_EQ(model.shape(), (api::ImageShape{1, kHeight, kWidth}));
  EXPECT_EQ(model.levels(), 2);
  EXPECT_EQ(model.classes(), 0);
  EXPECT_EQ(api::Model(directory("classes")).classes(), 3);
  expect_contains(model.config(), "filters: 8");
  EXPECT_EQ(model.path(), directory() + "/best.safetensors");
  const auto parameters = model.parameters();
  EXPECT_EQ(parameters.front().name, "input.weight");
  EXPECT_EQ(parameters.front().shape, (std::vector{8, 1, 3, 3}));
  EXPECT_EQ(parameters.front().values.size(), 72u);
  const auto field = model.receptive_field();
  EXPECT_NE(std::ranges::find(field, std::pair(-1, 0)), field.end());
  EXPECT_EQ(std::ranges::find(field, std::pair(0, 1)), field.end());
}

TEST_F(Api, DrawsTheImagesOfPcnnSample) {
  const api::Model model(directory(), 1), classes(directory("classes"));
  EXPECT_EQ(model.sample({.count = 5, .seed = 3}).levels,
            drawn_by_program({.model = directory(), .count = 5, .seed = 3}));
  EXPECT_EQ(
      model.sample({.count = 2, .temperature = 0.5, .height = 4, .width = 9}).levels,
      drawn_by_program({.model = directory(), .count = 2, .temperature = 0.5, .height = 4, .width = 9}));
  EXPECT_EQ(classes.sample({.count = 7}).levels,
            drawn_by_program({.model = directory("classes"), .count = 7}));
  const std::vector told{2, 2, 0, 0};
  EXPECT_EQ(classes.sample({.count = 4, .told = {.classes = told}}).levels,
            drawn_by_program({.model = directory("classes"), .count = 4, .classes = {2, 0}}));
}

TEST_F(Api, ScoresAsPcnnEval) {
  const api::Model model(directory()), classes(directory("classes"));
  const std::vector<api::Level> images = test_images();
  EXPECT_EQ(model.nats({images}), evaluate({.model = directory(), .live = false}).nats);
  std::vector<int> labels;
  for (int i = 0; i < 9; ++i) labels.push_back(i % 3);
  EXPECT_EQ(classes.nats({images}, {.classes = labels}),
            evaluate({.model = directory("classes"), .live = false}).nats);
  // Told nothing, all classes together.
  std::vector<double> joined(9, 0.0);
  for (int of_class = 0; of_class < 3; ++of_class) {
    const std::vector<int> all(9, of_class);
    const std::vector<double> nats = classes.nats({images}, {.classes = all});
    for (std::size_t i = 0; i < 9; ++i) joined[i] += std::exp(-nats[i]) / 3;
  }
  const std::vector<double> unknown = classes.nats({images});
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(unknown[i], -std::log(joined[i]), 1e-9);
}

TEST_F(Api, PixelsAndLogitsAddUpToTheScore) {
  const api::Model model(directory());
  const std::vector<api::Level> images = test_images();
  const std::vector<double> nats = model.nats({images});
  const std::vector<float> pixels = model.pixel_nats({images}), logits = model.logits({images});
  constexpr std::size_t kArea = std::size_t{kHeight} * kWidth;
  ASSERT_EQ(pixels.size(), 9 * kArea);
  ASSERT_EQ(logits.size(), 9 * kArea * static_cast<std::size_t>(model.logit_channels()));
  for (std::size_t image = 0; image < 9; ++image) {
    double of_pixels = 0.0, of_logits = 0.0;
    for (std::size_t i = image * kArea; i < (image + 1) * kArea; ++i) {
      of_pixels += double{pixels[i]};
      of_logits += std::log1p(std::exp(images[i] ? -double{logits[i]} : double{logits[i]}));
    }
    EXPECT_NEAR(of_pixels, nats[image], 1e-4);
    EXPECT_NEAR(of_logits, nats[image], 1e-4);
  }
}

TEST_F(Api, CompletesAsPcnnSample) {
  const api::Model model(directory());
  std::vector<api::Level> images = test_images();
  images.resize(2 * kHeight * kWidth);
  std::vector<std::uint8_t> known(images.size(), 0);
  for (std::size_t i = 0; i < known.size(); ++i) known[i] = i % (kHeight * kWidth) < 3 * kWidth;
  const api::Drawn drawn = model.complete({images}, known, {.count = 3, .seed = 5});
  ASSERT_EQ(drawn.levels.size(), 3 * images.size());
  write_npy(root_ + "/partial.npy", {2, 1, kHeight, kWidth},
            std::vector<std::uint8_t>(images.begin(), images.end()));
  write_npy(root_ + "/known.npy", {2, kHeight, kWidth}, known);
  EXPECT_EQ(drawn.levels, drawn_by_program({.model = directory(),
                                            .count = 3,
                                            .seed = 5,
                                            .complete = root_ + "/partial.npy",
                                            .mask = root_ + "/known.npy"}));
}

// Each image gets every class, as often as the others.
TEST_F(Api, SharesOutClassesOverTheCompletionsOfEachImage) {
  const api::Model model(directory("classes"));
  std::vector<api::Level> images = test_images();
  images.resize(2 * kHeight * kWidth);
  const std::vector<std::uint8_t> known(images.size(), 0);
  const std::vector told{0, 1, 2, 0, 1, 2};
  std::vector<api::Level> twice;
  for (const int image : {0, 0, 0, 1, 1, 1})
    twice.insert(twice.end(), images.begin() + image * kHeight * kWidth,
                 images.begin() + (image + 1) * kHeight * kWidth);
  EXPECT_EQ(model.complete({images}, known, {.count = 3}).levels,
            model.complete({twice}, std::vector<std::uint8_t>(twice.size(), 0), {.told = {.classes = told}})
                .levels);
  EXPECT_EQ(model.complete({images}, known, {.seed = 2}).levels.size(), images.size());
}

TEST_F(Api, EndsTheRunInOrderWhereACallbackThrows) {
  const auto trains = [&] {
    (void)api::train(
        {.config = config(), .overrides = {"name=again"}, .on_step = [](const api::Step& step) -> bool {
           if (step.step == 7) throw std::runtime_error("enough");
           return true;
         }});
  };
  EXPECT_EQ(message(trains), "enough");
  expect_contains(slurp(directory("again") + "/results.json"), "step 7 is saved");
  EXPECT_TRUE(api::train({.resume = directory("again")}).completed);
  EXPECT_EQ(metrics_of("again"), metrics_of("tiny"));
}

TEST_F(Api, RefusesInOneLineWhatFitsNoModel) {
  const api::Model model(directory()), classes(directory("classes"));
  const std::vector<api::Level> images = test_images(), too_large(30, 2), none;
  expect_contains(message([&] { api::Model(root_ + "/nothing"); }), "not found");
  expect_contains(message([&] { api::Model(directory(), -1); }), "threads: found -1, accepted: 1 to 1024");
  expect_contains(message([&] { (void)api::train({}); }),
                  "no config, accepted: a config, or a run to resume");
  expect_contains(message([&] { (void)api::train({.config = "a", .resume = "b"}); }),
                  "accepted: one of the two");
  expect_contains(message([&] { (void)model.nats({std::span(images).first(31)}); }),
                  "31 values given, accepted");
  expect_contains(message([&] { (void)model.nats({none}); }), "0 values given");
  expect_contains(message([&] { (void)model.nats({too_large}); }),
                  "found the value 2, accepted: levels, 0 to 1");
  expect_contains(message([&] { (void)model.nats({images, -1, 2}); }), "accepted: 1 or more rows");
  const std::vector three{0, 1, 3}, nine(9, 0);
  expect_contains(message([&] { (void)model.nats({images}, {.classes = nine}); }), "is told none");
  expect_contains(message([&] { (void)classes.nats({images}, {.classes = three}); }),
                  "3 classes given of 9 images");
  expect_contains(message([&] { (void)classes.sample({.count = 3, .told = {.classes = three}}); }),
                  "found the class 3, accepted: 0 to 2");
  expect_contains(message([&] { (void)classes.logits({images}); }), "is told the class");
  expect_contains(message([&] { (void)model.sample({.count = -1}); }),
                  "count: found -1, accepted: 1 or more");
  expect_contains(message([&] { (void)model.sample({.temperature = -1.0}); }), "temperature: found -1");
  const std::vector<std::uint8_t> known(30, 1);
  expect_contains(message([&] { (void)model.complete({images}, known); }),
                  "30 values of what is known, accepted: 270");
}

TEST_F(Api, TellsMistakesOfTheCallerFromOtherErrors) {
  try {
    api::Model(root_ + "/nothing");
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_TRUE(api::is_input_error(error));
  }
  EXPECT_FALSE(api::is_input_error(ComputeError("no such primitive")));
  EXPECT_FALSE(api::is_input_error(std::runtime_error("of another library")));
}

TEST_F(Api, TrainsWithCallbacksToTheBitsOfPcnnRun) {
  std::vector<std::int64_t> steps, epochs;
  const api::Trained trained = api::train({.config = config(),
                                           .overrides = {"name=again"},
                                           .on_step =
                                               [&](const api::Step& step) {
                                                 steps.push_back(step.step);
                                                 return true;
                                               },
                                           .on_epoch =
                                               [&](const api::Epoch& epoch) {
                                                 epochs.push_back(epoch.epoch);
                                                 return epoch.validation_nats_per_dim > 0.0;
                                               }});
  EXPECT_TRUE(trained.completed);
  EXPECT_EQ(trained.directory, directory("again"));
  EXPECT_EQ(epochs, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(steps.size(), 15u);
  EXPECT_GT(trained.test_nats_per_dim, 0.0);
  EXPECT_EQ(metrics_of("again"), metrics_of("tiny"));
}

TEST_F(Api, StopsWhereACallbackSaysSoAndGoesOnFromThere) {
  const api::Trained stopped =
      api::train({.config = config(), .overrides = {"name=again"}, .on_step = [](const api::Step& step) {
                    return step.step < 7;
                  }});
  EXPECT_FALSE(stopped.completed);
  EXPECT_EQ(stopped.signal, 0);
  expect_contains(slurp(directory("again") + "/results.json"), "stopped by its caller; step 7 is saved");
  const api::Trained between = api::train(
      {.resume = directory("again"), .on_epoch = [](const api::Epoch& epoch) { return epoch.epoch < 2; }});
  EXPECT_FALSE(between.completed);
  EXPECT_TRUE(api::train({.resume = directory("again")}).completed);
  EXPECT_EQ(metrics_of("again"), metrics_of("tiny"));
  const api::Model again(directory("again")), tiny(directory());
  for (std::size_t i = 0; i < tiny.parameters().size(); ++i)
    EXPECT_TRUE(std::ranges::equal(again.parameters()[i].values, tiny.parameters()[i].values));
}

TEST_F(Api, TrainsOneRunAtATime) {
  std::string said;
  (void)api::train({.config = config(), .overrides = {"name=again"}, .on_step = [&](const api::Step&) {
                      said =
                          message([&] { (void)api::train({.config = config(), .overrides = {"name=b"}}); });
                      return false;
                    }});
  expect_contains(said, "another training runs in this process");
}

}  // namespace
}  // namespace pcnn

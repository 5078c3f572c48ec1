// Runs of a network that is given a map of each image: a pixel is what the map holds below it and to its
// right, but for one in ten, so that the entropy is known, and nothing else tells it.

#include <algorithm>
#include <cmath>
#include <fstream>

#include "engine/io/npy.h"
#include "engine/run/sample_run.h"
#include "engine/run/trained_model.h"
#include "tests/run/eval_run.h"
#include "tests/run/program.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

constexpr int kTrain = 400, kTest = 200;
constexpr double kFlipped = 0.1;

class MapRun : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    write_part("train", kTrain, 1);
    write_part("test", kTest, 2);
    std::ofstream(config()) << "name: tiny\noutput: " << root_ << "/runs\nthreads: 2\n"
                            << "data: {dataset: npy, directory: " << root_
                            << "/data, validation_images: 40, condition: true}\n"
                            << "model: {condition: {map: {channels: 1}}, input: {kernel: 3, filters: 8},\n"
                            << "        blocks: [{kind: gated, filters: 8}, {repeat: 1, filters: 6}], "
                               "output: {filters: 6}}\n"
                            << "train: {optimiser: adam, learning_rate: 0.02, batch: 8, epochs: 12}\n"
                            << "sample: {count: 4, scale: 1}\n";
  }

  // What the image is without its flips.
  static std::vector<int> shown_by(const std::vector<float>& map) {
    std::vector<int> image;
    for (int row = 0; row < kHeight; ++row)
      for (int column = 0; column < kWidth; ++column) {
        const bool inside = row + 1 < kHeight && column + 1 < kWidth;
        image.push_back(inside && map[static_cast<std::size_t>((row + 1) * kWidth + column + 1)] > 0);
      }
    return image;
  }

  static std::vector<float> random_map(testing::Random& random) {
    std::vector<float> map;
    for (int i = 0; i < kHeight * kWidth; ++i) map.push_back(random.between(0, 1) ? 1.0f : -1.0f);
    return map;
  }

  void write_part(const std::string& part, int count, std::uint64_t seed) const {
    testing::Random random(seed);
    std::vector<std::uint8_t> pixels;
    std::vector<float> maps;
    for (int image = 0; image < count; ++image) {
      const std::vector<float> map = random_map(random);
      for (const int light : shown_by(map))
        pixels.push_back((light != 0) != (random.uniform(0.0f, 1.0f) < kFlipped) ? 255 : 0);
      maps.insert(maps.end(), map.begin(), map.end());
    }
    const std::string path = root_ + "/data/" + part;
    write_npy(path + ".npy", {count, kHeight, kWidth}, pixels);
    write_npy(path + "_condition.npy", {count, kHeight, kWidth}, maps);
  }

  void train(std::vector<std::string> overrides = {}) const {
    run({.config = config(), .overrides = std::move(overrides)});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
};

TEST_F(MapRun, ScoresWhatTheMapLeavesOpenAndDrawsWhatItShows) {
  train();
  const double entropy = -kFlipped * std::log(kFlipped) - (1 - kFlipped) * std::log(1 - kFlipped);
  const double nats = evaluate({.model = directory(), .live = false}).score.nats_per_dim;
  EXPECT_NEAR(nats, entropy, 0.06 * entropy);  // 6,000 pixels or more: 0.01 of luck, and what is not learnt

  // Its own maps, and those of other images.
  EvalOptions own{.model = directory(), .images = root_ + "/data/test.npy", .live = false};
  own.condition = root_ + "/data/test_condition.npy";
  EXPECT_EQ(evaluate(own).score.nats_per_dim, nats);
  std::vector<float> maps = read_npy(own.condition).values<float>();
  std::ranges::rotate(maps, maps.begin() + kHeight * kWidth);
  own.condition = file("others.npy");
  write_npy(own.condition, {kTest, kHeight, kWidth}, maps);
  EXPECT_GT(evaluate(own).score.nats_per_dim, 2 * nats);

  testing::Random random(5);
  std::vector<float> rows;
  std::vector<int> shown;
  for (int row = 0; row < 3; ++row) {
    const std::vector<float> map = random_map(random);
    rows.insert(rows.end(), map.begin(), map.end());
    const std::vector<int> image = shown_by(map);
    for (int copy = 0; copy < 40; ++copy) shown.insert(shown.end(), image.begin(), image.end());
  }
  write_npy(file("rows.npy"), {3, 1, kHeight, kWidth}, rows);
  SampleOptions drawing{.model = directory(),
                        .output = file("drawn.npy"),
                        .count = 120,
                        .condition = file("rows.npy"),
                        .seed = 7};
  sample(drawing);
  const std::vector<std::uint8_t> drawn = read_npy(file("drawn.npy")).values<std::uint8_t>();
  ASSERT_EQ(drawn.size(), shown.size());
  int flipped = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) flipped += (drawn[i] != 0) != (shown[i] != 0);
  EXPECT_NEAR(flipped / static_cast<double>(drawn.size()), kFlipped, 0.03);
}

// Images and maps of another size than those of the training, whose pixels follow the same rule.
TEST_F(MapRun, ScoresAndDrawsImagesOfAnotherSize) {
  train();
  constexpr int kTall = 9, kWide = 8, kCount = 60;
  testing::Random random(9);
  std::vector<float> maps;
  std::vector<std::uint8_t> pixels;
  for (int image = 0; image < kCount; ++image) {
    std::vector<float> map(kTall * kWide);
    for (float& value : map) value = random.between(0, 1) ? 1.0f : -1.0f;
    for (int row = 0; row < kTall; ++row)
      for (int column = 0; column < kWide; ++column) {
        const bool light = row + 1 < kTall && column + 1 < kWide &&
                           map[static_cast<std::size_t>((row + 1) * kWide + column + 1)] > 0;
        pixels.push_back(light != (random.uniform(0.0f, 1.0f) < kFlipped) ? 255 : 0);
      }
    maps.insert(maps.end(), map.begin(), map.end());
  }
  write_npy(file("large.npy"), {kCount, kTall, kWide}, pixels);
  write_npy(file("large_maps.npy"), {kCount, kTall, kWide}, maps);
  EvalOptions own{.model = directory(), .images = file("large.npy"), .live = false};
  own.condition = file("large_maps.npy");
  own.nll_map = file("map.png");
  const Evaluation evaluation = evaluate(own);
  const double entropy = -kFlipped * std::log(kFlipped) - (1 - kFlipped) * std::log(1 - kFlipped);
  EXPECT_NEAR(evaluation.score.nats_per_dim, entropy, 0.15 * entropy);  // 4,320 pixels
  EXPECT_TRUE(evaluation.nll_map);

  SampleOptions drawing{.model = directory(),
                        .output = file("large_drawn.npy"),
                        .count = kCount,
                        .condition = file("large_maps.npy"),
                        .seed = 3};
  drawing.height = kTall;
  drawing.width = kWide;
  sample(drawing);
  const std::vector<std::uint8_t> drawn = read_npy(file("large_drawn.npy")).values<std::uint8_t>();
  int same = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) same += (drawn[i] != 0) == (pixels[i] != 0);
  const double agreement = kFlipped * kFlipped + (1 - kFlipped) * (1 - kFlipped);  // of two independent flips
  EXPECT_NEAR(same / static_cast<double>(drawn.size()), agreement, 0.04);
}

TEST_F(MapRun, CompletesImagesAndGoesOnAfterAStop) {
  train({"train.epochs=2", "name=whole", "model.dropout=0.2"});
  train({"train.epochs=1", "name=parts", "model.dropout=0.2"});
  run({.resume = directory("parts"), .overrides = {"train.epochs=2", "threads=1"}});
  EXPECT_EQ(load_trained_model(directory("whole")).parameters,
            load_trained_model(directory("parts")).parameters);

  SampleOptions drawing{.model = directory("whole"),
                        .output = file("completed.npy"),
                        .count = 2,
                        .condition = root_ + "/data/test_condition.npy",
                        .seed = 3};
  std::vector<std::uint8_t> levels = read_npy(root_ + "/data/test.npy").values<std::uint8_t>();
  for (std::uint8_t& level : levels) level = level > 0;
  write_npy(file("levels.npy"), {kTest, kHeight, kWidth}, levels);
  drawing.complete = file("levels.npy");
  std::vector<std::uint8_t> known(kTest * kHeight * kWidth, 0);
  for (std::size_t i = 0; i < known.size(); ++i) known[i] = i % (kHeight * kWidth) < 3 * kWidth;
  write_npy(file("known.npy"), {kTest, kHeight, kWidth}, known);
  drawing.mask = file("known.npy");
  sample(drawing);
  drawing.output = file("naive.npy");
  drawing.sampler.kind = SamplerKind::kNaive;
  sample(drawing);
  EXPECT_EQ(read_npy(file("completed.npy")).values<std::uint8_t>(),
            read_npy(file("naive.npy")).values<std::uint8_t>());
}

TEST_F(MapRun, IsCheckedAtItsStartForTheGridThatItDraws) {
  const std::vector<std::string> overrides{"data.validation_images=1", "sample.count=3200",
                                           "sample.scale=64"};
  const std::string refusal = error_of([&] { train(overrides); });
  EXPECT_NE(refusal.find("sample.scale"), std::string::npos) << refusal;
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_F(MapRun, IsRefusedWithMapsThatAreNotTheNetworks) {
  const std::string key = "model.condition.map.channels";
  const auto told = [&](const std::vector<std::string>& overrides) {
    return error_of([&] { train(overrides); });
  };
  EXPECT_EQ(told({key + "=2"}),
            key + ": found 2, but the condition of a train image is maps (1, 6, 5); accepted: 1");
  EXPECT_EQ(told({"data.condition=false"}),
            "override 'data.condition=false': data.condition: found false, but " + key +
                " is 1; accepted: true, which reads train_condition.npy and test_condition.npy");
  expect_contains(told({"model.condition.classes=3"}), " beside classes: 3, accepted: one of the two");
  expect_contains(told({key + "=null", "model.condition.map.kernel=3"}),
                  "model.condition.map.kernel: map.channels is null, and no map is read");
  train({"train.epochs=1"});
  write_npy(file("wide.npy"), {2, kHeight, kWidth + 1}, std::vector<float>(2 * kHeight * (kWidth + 1)));
  SampleOptions drawing{.model = directory(), .output = file("x.png"), .condition = file("wide.npy")};
  const std::string model = directory() + "/best.safetensors";
  const std::string wide = file("wide.npy") + ": found rows of maps (1, 6, 6), accepted: rows of maps (1, ";
  EXPECT_EQ(error_of([&] { sample(drawing); }), wide + "6, 5), which " + model + " is told of an image");
  EvalOptions own{.model = directory(), .images = root_ + "/data/test.npy", .live = false};
  own.condition = drawing.condition;
  EXPECT_EQ(error_of([&] { (void)evaluate(own); }), wide + "6, 5), which " + model + " is told of an image");

  // Of the size that is drawn or scored, not of the one it was trained on.
  drawing.height = 9;
  EXPECT_EQ(error_of([&] { sample(drawing); }), wide + "9, 5), which " + model + " is told of an image");
  drawing.condition.clear();
  EXPECT_EQ(error_of([&] { sample(drawing); }),
            model +
                " is told maps (1, 9, 5) of each image; accepted: with --condition FILE.npy, a row of them "
                "for each row of images");
  own.images = file("large.npy");
  write_npy(own.images, {2, kHeight + 3, kWidth}, std::vector<std::uint8_t>(2 * (kHeight + 3) * kWidth, 255));
  EXPECT_EQ(error_of([&] { (void)evaluate(own); }), wide + "9, 5), which " + model + " is told of an image");
  own.condition.clear();
  EXPECT_EQ(error_of([&] { (void)evaluate(own); }),
            "--images: " + model +
                " is told maps (1, 9, 5) of each image; accepted: with --condition FILE.npy, a row for each");
}

TEST_F(MapRun, SaysInADryRunThatRowsOfMapsAreKeptForTheWholeHeight) {
  const std::string said = file("said.txt");
  EXPECT_EQ(run_program("pcnn-run", {config(), "--dry-run"}, said), 0);
  expect_contains(slurp(said),
                  " of kept rows per chain at 6x5, with all rows of the maps that are given; batches");
  EXPECT_EQ(
      run_program("pcnn-run", {config(), "--dry-run", "model.condition=null", "data.condition=false"}, said),
      0);
  expect_contains(slurp(said), " of kept rows per chain at 5 columns, whatever the height; batches of ");
}

}  // namespace
}  // namespace pcnn

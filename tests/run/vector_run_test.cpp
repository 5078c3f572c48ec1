// Runs of a network that is told numbers of each image: trained, resumed, drawn from and scored.

#include <cmath>

#include "engine/data/dataset.h"
#include "engine/io/image_grid.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/run/pictures.h"
#include "engine/run/sample_run.h"
#include "engine/run/trained_model.h"
#include "tests/run/eval_run.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

constexpr int kTrain = 90, kTest = 30;

// The first number says how far light reaches from above, the second whether the left column is lit; all
// images have specks.
class VectorRun : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    write_part("train", kTrain, 255);
    write_part("test", kTest, 254);
    std::ofstream(config()) << "name: tiny\noutput: " << root_ << "/runs\nthreads: 2\n"
                            << "data: {dataset: npy, directory: " << root_
                            << "/data, validation_images: 12, condition: true}\n"
                            << "model: {condition: {vector: 2}, input: {kernel: 3, filters: 8},\n"
                            << "        blocks: [{repeat: 1, filters: 6}, {kind: masked_conv, filters: 8}], "
                               "output: {filters: 6}}\n"
                            << "train: {optimiser: adam, learning_rate: 0.02, batch: 8, epochs: 12}\n"
                            << "sample: {count: 9, scale: 1}\n";
  }

  // Light pixels are `on`, dark ones 255 - on, so that no image of one part is one of another.
  void write_part(const std::string& part, int count, int on) const {
    testing::Random random(static_cast<std::uint64_t>(on));
    std::vector<std::uint8_t> pixels;
    std::vector<float> numbers;
    for (int image = 0; image < count; ++image) {
      const float above = random.between(0, 1) ? 1.0f : -1.0f, left = random.between(0, 1) ? 1.0f : -1.0f;
      numbers.insert(numbers.end(), {above, left});
      for (int row = 0; row < kHeight; ++row)
        for (int column = 0; column < kWidth; ++column) {
          const bool light = (above > 0 && row < 3) || (left > 0 && column < 2);
          pixels.push_back(static_cast<std::uint8_t>(light != (random.between(0, 9) == 0) ? on : 255 - on));
        }
    }
    const std::string path = root_ + "/data/" + part;
    write_npy(path + ".npy", {count, kHeight, kWidth}, pixels);
    write_npy(path + "_condition.npy", {count, 2}, numbers);
  }

  void train(std::vector<std::string> overrides = {}) const {
    run({.config = config(), .overrides = std::move(overrides)});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] EvalOptions scoring() const { return {.model = directory(), .live = false}; }
  // A file of these rows is written.
  [[nodiscard]] SampleOptions drawing(const std::string& output, const std::vector<float>& rows) const {
    write_npy(file("rows.npy"), {static_cast<std::int64_t>(rows.size() / 2), 2}, rows);
    return {.model = directory(),
            .output = file(output),
            .condition = file("rows.npy"),
            .seed = 7,
            .overwrite = true};
  }
  [[nodiscard]] std::vector<std::uint8_t> levels(const std::string& name) const {
    return read_npy(file(name)).values<std::uint8_t>();
  }
  void write_halves(int images) const {
    const std::size_t dims = static_cast<std::size_t>(images) * kHeight * kWidth;
    write_npy(file("half.npy"), {images, kHeight, kWidth}, std::vector<std::uint8_t>(dims, 1));
    std::vector<std::uint8_t> known(dims, 0);
    for (std::size_t i = 0; i < dims; ++i) known[i] = i % (kHeight * kWidth) < kWidth;
    write_npy(file("known.npy"), {images, kHeight, kWidth}, known);
  }
};

// Of `each` images under a row of `of_rows`, in their order.
double light(const std::vector<std::uint8_t>& images, int each, int of_row, int row, int column) {
  double sum = 0.0;
  for (int image = of_row * each; image < (of_row + 1) * each; ++image)
    sum += images[static_cast<std::size_t>((image * kHeight + row) * kWidth + column)];
  return sum / each;
}

TEST_F(VectorRun, LearnsWhatItsNumbersSayAndDrawsIt) {
  train();
  SampleOptions wanted = drawing("drawn.npy", {1, -1, -1, 1, -1, -1});
  wanted.count = 120;
  sample(wanted);
  const std::vector<std::uint8_t> images = levels("drawn.npy");
  EXPECT_GT(light(images, 40, 0, 1, 3), 0.7);
  EXPECT_LT(light(images, 40, 1, 1, 3), 0.3);
  EXPECT_GT(light(images, 40, 1, 4, 0), 0.7);
  EXPECT_LT(light(images, 40, 2, 4, 0), 0.3);

  wanted.sampler.kind = SamplerKind::kNaive;
  wanted.output = file("naive.npy");
  sample(wanted);
  EXPECT_EQ(levels("naive.npy"), images);
}

TEST_F(VectorRun, IsScoredWithTheNumbersOfItsImages) {
  train();
  const Evaluation split = evaluate(scoring());
  const auto results = nlohmann::json::parse(slurp(directory() + "/results.json"));
  EXPECT_EQ(split.score.nats_per_dim, results.at("models").at(0).at("nats_per_dim").get<double>());

  EvalOptions own = scoring();
  own.images = root_ + "/data/test.npy";
  EXPECT_EQ(error_of([&] { (void)evaluate(own); }),
            "--images: " + directory() +
                "/best.safetensors is told 2 numbers of each image; accepted: with "
                "--condition FILE.npy, a row for each");
  own.condition = root_ + "/data/test_condition.npy";
  EXPECT_EQ(evaluate(own).nats, split.nats);
  // Told the contrary, it expects other images.
  std::vector<float> numbers = read_npy(own.condition).values<float>();
  for (float& number : numbers) number = -number;
  own.condition = file("contrary.npy");
  write_npy(own.condition, {kTest, 2}, numbers);
  EXPECT_GT(evaluate(own).score.nats_per_dim, 1.5 * split.score.nats_per_dim);

  EvalOptions map = scoring();
  map.nll_map = file("map.png");
  EXPECT_TRUE(evaluate(map).nll_map);
  EvalOptions classes = scoring();
  classes.classify = true;
  EXPECT_EQ(error_of([&] { (void)evaluate(classes); }),
            "--classify: " + directory() +
                "/best.safetensors was trained with another condition than classes, and knows no classes");
}

TEST_F(VectorRun, GoesOnAfterAStopAsIfNothingHadBeenButNotWithOtherNumbers) {
  train({"train.epochs=3", "name=whole", "train.average.decay=0.5"});
  train({"train.epochs=1", "name=parts", "train.average.decay=0.5", "threads=1"});
  run({.resume = directory("parts"), .overrides = {"train.epochs=3"}});
  EXPECT_EQ(metrics_of("parts"), metrics_of("whole"));
  EXPECT_EQ(load_trained_model(directory("parts")).parameters,
            load_trained_model(directory("whole")).parameters);

  const std::string path = root_ + "/data/train_condition.npy";
  std::vector<float> numbers = read_npy(path).values<float>();
  numbers[0] += 1.0f;
  write_npy(path, {kTrain, 2}, numbers);
  const std::string refusal = message_of({.resume = directory("parts"), .overrides = {"train.epochs=4"}});
  const std::string checkpoint = directory("parts") + "/checkpoint.safetensors";
  EXPECT_TRUE(refusal.starts_with(checkpoint +
                                  ": the train images, or what is known of them (data.condition), are not "
                                  "those the run began with (crc32:"))
      << refusal;
  EXPECT_TRUE(refusal.ends_with("); start a new run")) << refusal;
  EvalOptions options = scoring();
  options.model = directory("parts");
  EXPECT_EQ(
      evaluate(options).notes.front(),
      "the train images, or what is known of them (data.condition), are not those of the run: its files "
      "have changed since, and a split may hold images it trained on");
}

TEST_F(VectorRun, DrawsARowForEachOfTheFirstValidationImages) {
  train({"train.epochs=1"});
  const Image8 grid = read_png(directory() + "/samples/epoch-0001.png");
  EXPECT_EQ(grid.width, 3 * (kWidth + kGridGap) + kGridGap);
  EXPECT_EQ(grid.height, 3 * (kHeight + kGridGap) + kGridGap);
  expect_contains(slurp(directory() + "/log.txt"),
                  "samples: 3 images each of the condition of validation image 0, 1, 2");

  const auto size_of = [&](const SampleOptions& wanted) {
    sample(wanted);
    const Image8 drawn = read_png(wanted.output);
    return std::pair{drawn.width, drawn.height};
  };
  const std::pair of_ten{10 * (kWidth * 4 + kGridGap) + kGridGap, 2 * (kHeight * 4 + kGridGap) + kGridGap};
  EXPECT_EQ(size_of(drawing("two.png", {1, 1, -1, 1})), of_ten);
}

TEST_F(VectorRun, CompletesEachImageUnderItsOwnRowOrAllUnderOne) {
  train({"train.epochs=6"});
  write_halves(2);
  SampleOptions wanted = drawing("own.npy", {-1, 1, -1, -1});
  wanted.complete = file("half.npy");
  wanted.mask = file("known.npy");
  wanted.count = 30;
  sample(wanted);
  const std::vector<std::uint8_t> own = levels("own.npy");
  ASSERT_EQ(own.size(), 60u * kHeight * kWidth);
  EXPECT_GT(light(own, 30, 0, 4, 0), 0.6);
  EXPECT_LT(light(own, 30, 1, 4, 0), 0.4);

  SampleOptions one = drawing("one.npy", {-1, 1});
  one.complete = wanted.complete;
  one.mask = wanted.mask;
  one.count = 30;
  sample(one);
  EXPECT_GT(light(levels("one.npy"), 30, 1, 4, 0), 0.6);

  SampleOptions three = drawing("three.npy", {1, 1, 1, 1, 1, 1});
  three.complete = wanted.complete;
  three.mask = wanted.mask;
  EXPECT_EQ(error_of([&] { sample(three); }), file("rows.npy") +
                                                  ": found 3 rows, accepted: 1 for all images of " +
                                                  wanted.complete + ", or 2, one for each");
}

TEST_F(VectorRun, NamesTheFileOfNumbersInItsReport) {
  train({"train.epochs=1"});
  EvalOptions own = scoring();
  own.images = root_ + "/data/test.npy";
  own.condition = root_ + "/data/test_condition.npy";
  const Evaluation evaluation = evaluate(own);
  expect_contains(report_text(evaluation, own),
                  own.images + ", 30 images; condition: " + own.condition + "; threshold: value / 255");
  EXPECT_EQ(nlohmann::json::parse(report_json(evaluation, own)).at("condition"), own.condition);
  const Evaluation split = evaluate(scoring());
  EXPECT_EQ(report_text(split, scoring()).find("condition"), std::string::npos);
  EXPECT_FALSE(nlohmann::json::parse(report_json(split, scoring())).contains("condition"));
}

// Class folders in natural order of their names, and then their files.
TEST_F(VectorRun, TakesTheRowsOfAFolderInTheOrderOfItsFiles) {
  train({"train.epochs=6"});
  const std::vector<double> expected = evaluate(scoring()).nats;
  const std::vector<std::uint8_t> pixels = read_npy(root_ + "/data/test.npy").values<std::uint8_t>();
  const std::vector<std::string> files{"2/9.png", "2/10.png", "10/1.png", "10/2.png"};
  constexpr std::size_t kSize = kHeight * kWidth;
  for (std::size_t image = 0; image < files.size(); ++image) {
    const fs::path path = file("folder/" + files[image]);
    fs::create_directories(path.parent_path());
    const auto first = pixels.begin() + static_cast<std::ptrdiff_t>(image * kSize);
    write_png(path, {.width = kWidth, .height = kHeight, .channels = 1, .pixels = {first, first + kSize}});
  }
  std::vector<float> numbers = read_npy(root_ + "/data/test_condition.npy").values<float>();
  numbers.resize(2 * files.size());
  EvalOptions own = scoring();
  own.images = file("folder");
  own.condition = file("rows.npy");
  write_npy(own.condition, {4, 2}, numbers);
  const Evaluation evaluation = evaluate(own);
  EXPECT_EQ(evaluation.files, files);
  EXPECT_EQ(evaluation.nats, std::vector<double>(expected.begin(), expected.begin() + 4));
}

TEST_F(VectorRun, RefusesAFileOfOtherNumbersThatIsGivenForOwnImages) {
  train({"train.epochs=1"});
  EvalOptions own = scoring();
  own.images = root_ + "/data/test.npy";
  own.condition = file("other.npy");
  const auto refusal = [&](const std::vector<std::int64_t>& shape) {
    std::size_t values = 1;
    for (const std::int64_t extent : shape) values *= static_cast<std::size_t>(extent);
    write_npy(own.condition, shape, std::vector<float>(values));
    return error_of([&] { (void)evaluate(own); });
  };
  const std::string accepted =
      ", accepted: rows of 2 numbers, which " + directory() + "/best.safetensors is told of an image";
  EXPECT_EQ(refusal({kTest, 3}), own.condition + ": found rows of 3 numbers" + accepted);
  EXPECT_EQ(refusal({kTest, kHeight, kWidth}), own.condition + ": found rows of maps (1, 6, 5)" + accepted);
  EXPECT_EQ(refusal({kTest, 8, 8}), own.condition + ": found rows of maps (1, 8, 8)" + accepted);
  EXPECT_EQ(refusal({kTest - 1, 2}),
            own.condition + ": byte 8: found shape (29, 2), accepted: 30 rows, one for each image");
  fs::remove(own.condition);
  EXPECT_EQ(error_of([&] { (void)evaluate(own); }).find("data.condition"), std::string::npos);
}

TEST_F(VectorRun, NamesAKeyThatIsMisspeltBeforeWhatFollowsFromIt) {
  const auto told = [&](const std::string& condition) {
    return message_of({.config = config(), .overrides = {"model.condition=" + condition}});
  };
  expect_contains(told("{vectors: 2}"),
                  "model.condition.vectors: unknown key; did you mean model.condition.vector?");
  expect_contains(told("{maps: {channels: 2}}"),
                  "model.condition.maps: unknown key; did you mean model.condition.map?");
  expect_contains(told("{map: {chanels: 2}}"),
                  "model.condition.map.chanels: unknown key; did you mean model.condition.map.channels?");
  expect_contains(
      message_of({.config = config(),
                  .overrides = {"model.condition={classes: 3}", "data.condition=false", "data.lables=true"}}),
      "data.lables: unknown key; did you mean data.labels?");
}

TEST_F(VectorRun, SaysOfPngFilesThatTheyHaveNoNumbers) {
  const auto told = [&](std::vector<std::string> overrides) {
    overrides.push_back("data.dataset=png");
    overrides.push_back("data.directory=" + root_ + "/data");
    return message_of({.config = config(), .overrides = std::move(overrides)});
  };
  const std::string rest =
      ", and no numbers or maps are read beside .png files; accepted: another data set, such as npy";
  EXPECT_EQ(told({}),
            "override 'data.dataset=png': data.dataset: found png, but model.condition.vector is 2" + rest);
  EXPECT_EQ(
      told({"model.condition={map: {channels: 3}}"}),
      "override 'data.dataset=png': data.dataset: found png, but model.condition.map.channels is 3" + rest);
  EXPECT_EQ(told({"data.condition=true"}),
            "override 'data.condition=true': data.condition: has no effect while dataset is png; "
            "model.condition.vector and map need another data set, such as npy");
}

TEST_F(VectorRun, RefusesInOneLineWhatDoesNotFit) {
  const auto told = [&](std::vector<std::string> overrides) {
    return message_of({.config = config(), .overrides = std::move(overrides)});
  };
  EXPECT_EQ(told({"data.condition=false"}),
            "override 'data.condition=false': data.condition: found false, but model.condition.vector is 2; "
            "accepted: true, which reads train_condition.npy and test_condition.npy");
  expect_contains(told({"model.condition=null"}),
                  "data.condition: found true, but the network is told nothing of it; accepted: false, or ");
  expect_contains(told({"model.condition.classes=3"}), "found 2 beside classes: 3, accepted: one of the two");
  EXPECT_EQ(told({"model.condition.vector=5"}),
            "model.condition.vector: found 5, but the condition of a train image is 2 numbers; accepted: 2");
  EXPECT_FALSE(fs::exists(directory())) << "nothing is made";

  train({"train.epochs=1"});
  const std::string model = directory() + "/best.safetensors";
  SampleOptions wanted = drawing("a.png", {1, 1, 1, 1});
  wanted.condition.clear();
  EXPECT_EQ(error_of([&] { sample(wanted); }),
            model +
                " is told 2 numbers of each image; accepted: with --condition FILE.npy, a row of them for "
                "each row of images");
  wanted.classes = {1};
  EXPECT_EQ(error_of([&] { sample(wanted); }),
            "--class: " + model +
                " was trained with another condition than classes, and draws images of no "
                "class");
  SampleOptions few = drawing("a.png", {1, 1, 1, 1});
  few.count = 1;
  EXPECT_EQ(error_of([&] { sample(few); }),
            "--count: found 1, accepted: at least 2, an image of each row of " + file("rows.npy"));
  few.condition = file("wide.npy");
  write_npy(few.condition, {2, 3}, std::vector<float>(6));
  EXPECT_EQ(error_of([&] { sample(few); }), few.condition +
                                                ": found rows of 3 numbers, accepted: rows of 2 numbers, "
                                                "which " +
                                                model + " is told of an image");

  train({"train.epochs=1", "name=plain", "model.condition=null", "data.condition=false"});
  SampleOptions plain = drawing("a.png", {1, 1});
  plain.model = directory("plain");
  const std::string plain_model = directory("plain") + "/best.safetensors";
  EXPECT_EQ(error_of([&] { sample(plain); }),
            "--condition: " + plain_model +
                " was trained without model.condition.vector or map, and is told no numbers");
  EvalOptions own = scoring();
  own.model = directory("plain");
  own.images = root_ + "/data/test.npy";
  own.condition = root_ + "/data/test_condition.npy";
  EXPECT_EQ(error_of([&] { (void)evaluate(own); }),
            "--condition: " + plain_model +
                " was trained without model.condition.vector or map, and is told no numbers");
  EXPECT_FALSE(fs::exists(file("a.png")));
}

}  // namespace
}  // namespace pcnn

// The figures of a score.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "engine/compile/backend.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/run/eval_report.h"
#include "tests/run/eval_run.h"

namespace pcnn {
namespace {

TEST_F(EvalRun, GivesTheFiguresOfTheRunToTheLastBitOnAnyNumberOfThreads) {
  const nlohmann::json results = this->results();
  for (const int threads : {1, 2, 3}) {
    EvalOptions wanted = options();
    wanted.threads = threads;
    const Evaluation evaluation = evaluate(wanted);
    const nlohmann::json json = nlohmann::json::parse(report_json(evaluation, wanted)),
                         model = results.at("models").at(0);
    for (const char* key : {"nats_per_dim", "nats_per_image", "bits_per_dim", "images"})
      EXPECT_EQ(json.at(key), model.at(key)) << key;
    for (const char* key : {"split", "binarisation", "precision", "library", "instructions"})
      EXPECT_EQ(json.at(key), results.at(key)) << key;
    EXPECT_EQ(json.at("library"), backend().library);  // as it runs, which need not be as it was compiled
    EXPECT_EQ(json.at("model"), directory() + "/best.safetensors");
    EXPECT_EQ(json.at("notes"), nlohmann::json::array());
  }
}

TEST_F(EvalRun, GivesTheFiguresOfTheLastParametersFromTheCheckpoint) {
  // Two images learnt by heart, so that the last parameters are not the best.
  run({.config = config(),
       .overrides = {"name=worse", "data.train_images=2", "train.learning_rate=0.1", "train.epochs=40"}});
  const nlohmann::json models = results("worse").at("models");
  ASSERT_EQ(models.size(), 2u) << "the last epoch was the best one";
  EvalOptions wanted = options();
  wanted.model = directory("worse") + "/checkpoint.safetensors";
  EXPECT_EQ(evaluate(wanted).score.nats_per_dim, models.at(1).at("nats_per_dim"));
}

TEST_F(EvalRun, ScoresTheSplitsOfTheRunAndSaysWhatTheyAre) {
  const Evaluation train = evaluate(options("train")), validation = evaluate(options("validation"));
  EXPECT_EQ(train.score.images, 39);
  EXPECT_EQ(validation.score.images, 11);
  EXPECT_TRUE(has_note(train, "the run trained on these images"));
  EXPECT_TRUE(has_note(validation, "kept for their loss on the validation split"));
  expect_contains(train.split, "train split, 39 images");
  expect_contains(validation.split, "validation split, 11 images (the last of the train file)");
  EXPECT_EQ(train.file_index.front(), 0u);
  EXPECT_EQ(validation.file_index.front(), 39u);
  EXPECT_EQ(evaluate(options()).file_index.back(), 8u);

  const std::string text = report_text(train, options("train"));
  expect_contains(text, "train split, 39 images; threshold: value / 255 >= 0.5\n");
  expect_contains(text, directory() + "/best.safetensors, f32; scored in ");
  expect_contains(text, " nats/image  (95 % interval over images: ");
  expect_contains(text, "note: the run trained on these images");
}

TEST_F(EvalRun, SaysThatTheTestSplitWasTrainedOn) {
  write_config("", "train_on: test");
  run({.config = config(), .overrides = {"name=memory"}});
  for (const char* split : {"test", "train", "validation"}) {
    EvalOptions wanted = options(split);
    wanted.model = directory("memory");
    const Evaluation evaluation = evaluate(wanted);
    expect_contains(evaluation.split, "test split, 9 images");
    EXPECT_TRUE(has_note(evaluation, "trained and validated on the test split"));
    expect_contains(report_text(evaluation, wanted), "note: trained and validated on the test split");
    expect_contains(report_json(evaluation, wanted), "trained and validated on the test split");
    EXPECT_EQ(evaluation.score.nats_per_dim, results("memory").at("models").at(0).at("nats_per_dim"));
  }
  EvalOptions denied = options();
  denied.model = directory("memory");
  denied.overrides = {"data.train_on=train", "data.validation_images=11"};
  EXPECT_TRUE(has_note(evaluate(denied), "the run trained on the test split"));
}

TEST_F(EvalRun, FindsMovedDataAndMarksAlteredData) {
  fs::rename(root_ + "/data", root_ + "/moved");
  expect_contains(message(options()), "not found");
  EvalOptions wanted = options();
  wanted.overrides = {"data.directory=" + root_ + "/moved", "threads=1", "precision=f32"};
  const Evaluation moved = evaluate(wanted);
  EXPECT_TRUE(moved.notes.empty());
  EXPECT_EQ(moved.score.nats_per_dim, results().at("models").at(0).at("nats_per_dim"));
  wanted.overrides.push_back("data.threshold=1.0");  // test pixels are 0 or 254: all dark now
  const Evaluation altered = evaluate(wanted);
  EXPECT_TRUE(has_note(altered, "not the data as the run had it: data.threshold=1.0"));
  EXPECT_FALSE(has_note(altered, "a split may hold"));
  EXPECT_NE(altered.score.nats_per_dim, moved.score.nats_per_dim);
  wanted.overrides.back() = "data.validation_images=12";
  EXPECT_TRUE(has_note(evaluate(wanted), "data.validation_images=12; a split may hold images it trained on"));
}

// Of a run on IDX files, whose own data has no such keys.
TEST_F(EvalRun, TakesKeysForAnArrayOfTheUsersOwn) {
  const std::string path = file("own.npy");
  std::vector<float> floats(3 * kHeight * kWidth);
  std::vector<std::uint8_t> bytes(floats.size());
  for (std::size_t i = 0; i < floats.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 37 % 256);
    floats[i] = static_cast<float>(bytes[i]) / 255.0f;
  }
  EvalOptions wanted = options();
  wanted.images = path;
  write_npy(path, {3, kHeight, kWidth}, bytes);
  const double nats = evaluate(wanted).score.nats_per_dim;
  write_npy(path, {3, kHeight * kWidth}, floats);
  wanted.overrides = {"data.scale=255", "data.shape=[6, 5]", "data.layout=nhwc"};
  const Evaluation own = evaluate(wanted);
  EXPECT_EQ(own.score.nats_per_dim, nats);
  EXPECT_TRUE(own.notes.empty()) << own.notes.front();
  wanted.overrides = {"data.scale=0"};
  expect_contains(message(wanted), "override 'data.scale=0': data.scale: found 0, accepted: ");
  wanted.overrides = {"data.shapes=[6, 5]"};
  expect_contains(message(wanted), "data.shapes");
  wanted.images = "";
  wanted.overrides = {"data.scale=255"};
  expect_contains(message(wanted), "data.scale: has no effect while dataset is not npy");
}

TEST_F(EvalRun, AskingForLabelsAltersNoImage) {
  EvalOptions wanted = options();
  wanted.overrides = {"data.labels=true"};
  expect_contains(message(wanted), "/data/t10k-labels-idx1-ubyte: not found, but data.labels: true needs it");
  std::string labels("\0\0\x08\x01\0\0\0\x09", 8);
  for (int i = 0; i < 9; ++i) labels += static_cast<char>(i % 3);
  std::ofstream(root_ + "/data/t10k-labels-idx1-ubyte", std::ios::binary) << labels;
  labels[7] = 50;
  std::ofstream(root_ + "/data/train-labels-idx1-ubyte", std::ios::binary) << labels + std::string(41, '\2');
  EXPECT_TRUE(evaluate(wanted).notes.empty());
}

TEST_F(EvalRun, ScoresTheSplitsOfOneFolder) {
  const std::string folder = file("folder");
  fs::create_directories(folder);
  for (int i = 0; i < 30; ++i) {
    std::vector<std::uint8_t> pixels(kHeight * kWidth, 0);
    std::fill_n(pixels.begin(), i, std::uint8_t{200});
    write_png(folder + "/" + std::to_string(i) + ".png",
              {.width = kWidth, .height = kHeight, .channels = 1, .pixels = pixels});
  }
  std::ofstream(folder + "/notes.txt") << "x";
  write_config("", "test_images: 0.2");
  run({.config = config(), .overrides = {"name=folder", "data.dataset=png", "data.directory=" + folder}});
  EvalOptions wanted = options();
  wanted.model = directory("folder");
  wanted.scores = file("folder.csv");
  const Evaluation evaluation = evaluate(wanted);
  EXPECT_EQ(evaluation.split,
            "PNG files in " + folder + ", test split, 6 images (chosen from all 30 images with seed 1)");
  EXPECT_EQ(evaluation.split, results("folder").at("split"));
  EXPECT_EQ(evaluation.score.nats_per_dim, results("folder").at("models").at(0).at("nats_per_dim"));
  EXPECT_TRUE(has_note(evaluation, folder + ": passed over: 1 .txt"));
  expect_contains(slurp(directory("folder") + "/log.txt"), "note: " + folder + ": passed over: 1 .txt");
  EXPECT_FALSE(has_note(evaluation, "files have changed"));
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_EQ(evaluation.files[i], std::to_string(evaluation.file_index[i]) + ".png");
  expect_contains(slurp(directory("folder") + "/config.yaml"), "test_images: 0.2\n");

  // Another file, and another split with it.
  write_png(
      folder + "/30.png",
      {.width = kWidth, .height = kHeight, .channels = 1, .pixels = std::vector<std::uint8_t>(30, 255)});
  wanted.scores.clear();
  EXPECT_TRUE(
      has_note(evaluate(wanted), "its files have changed since, and a split may hold images it trained on"));
}

TEST_F(EvalRun, ScoresAndDrawsLevelsInColour) {
  run({.config = config(),
       .overrides = {"name=colour", "data.colour=true", "model.head=logistic_mixture", "model.levels=8",
                     "model.mixtures=3"}});
  EvalOptions wanted = options();
  wanted.model = directory("colour");
  wanted.nll_map = file("colour.png");
  const Evaluation evaluation = evaluate(wanted);
  EXPECT_EQ(evaluation.score.nats_per_dim, results("colour").at("models").at(0).at("nats_per_dim"));
  EXPECT_EQ(nlohmann::json::parse(report_json(evaluation, wanted)).at("coding"),
            results("colour").at("coding"));
  EXPECT_EQ(read_png(wanted.nll_map).channels, 3);
}

TEST_F(EvalRun, ScoresImagesOfTheUsersOwnOfAnySize) {
  // The test images as bits: the same scores.
  std::vector<std::uint8_t> bits;
  for (int i = 0; i < 9 * kHeight * kWidth; ++i) bits.push_back((i * 7 + i / 30 * 3) % 5 < 2);
  write_npy(file("bits.npy"), {9, kHeight, kWidth}, bits);
  const Evaluation test = evaluate(options()), same = evaluate(own("bits.npy"));
  EXPECT_EQ(same.nats, test.nats);
  EXPECT_EQ(same.split, file("bits.npy") + ", 9 images");
  EXPECT_EQ(same.coding, "binary as stored");
  EXPECT_TRUE(same.notes.empty());

  write_png(file("large.png"),
            {.width = 11, .height = 7, .channels = 1, .pixels = std::vector<std::uint8_t>(77, 200)});
  const Evaluation large = evaluate(own("large.png"));
  EXPECT_EQ(large.image, (Shape{1, 1, 7, 11}));
  EXPECT_TRUE(has_note(large, "images of 7x11; the model was trained on 6x5"));
  EXPECT_FALSE(large.nats_per_image);
  expect_contains(report_text(large, own("large.png")), "note: one image has no interval");
  EXPECT_TRUE(
      nlohmann::json::parse(report_json(large, own("large.png"))).at("nats_per_dim_interval").is_null());
}

TEST(IntervalOverImages, IsThatOfTheFormula) {
  const std::vector<double> nats{3.0, 5.0, 10.0, 4.5};
  const double mean = 22.5 / 4, variance = (std::pow(3.0 - mean, 2) + std::pow(5.0 - mean, 2) +
                                            std::pow(10.0 - mean, 2) + std::pow(4.5 - mean, 2)) /
                                           3;
  const auto interval = interval_over_images(nats);
  ASSERT_TRUE(interval);
  EXPECT_DOUBLE_EQ(interval->low, mean - 1.96 * std::sqrt(variance / 4));
  EXPECT_DOUBLE_EQ(interval->high, mean + 1.96 * std::sqrt(variance / 4));
  EXPECT_FALSE(interval_over_images(std::vector{3.0}));
  EXPECT_FALSE(interval_over_images({}));
  const auto equal = interval_over_images(std::vector{2.0, 2.0});
  EXPECT_EQ(equal->low, 2.0);
  EXPECT_EQ(equal->high, 2.0);
}

TEST_F(EvalRun, SaysInOneLineWhatIsWrong) {
  const auto refused = [&](const std::function<void(EvalOptions&)>& change, const std::string& part) {
    EvalOptions bad = options();
    change(bad);
    const std::string text = message(bad);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    expect_contains(text, part);
  };
  refused([&](auto& o) { o.model = file("nowhere"); }, "not found");
  refused([&](auto& o) { o.model = config(); }, "not safetensors");
  refused([&](auto& o) { o.split = "tests"; }, "--split: found 'tests', accepted: test, validation or train");
  refused([&](auto& o) { o.overrides = {"train.batch=3"}; }, "override 'train.batch=3': accepted: data.KEY");
  refused([&](auto& o) { o.overrides = {"data.thershold=0.3"}; }, "did you mean data.threshold?");
  refused([&](auto& o) { o.overrides = {"data.train_on=test"}; }, "the run did not train on the test split");
  refused([&](auto& o) { o.overrides = {"data.directory=" + file("none")}; }, "none");
  refused([&](auto& o) { o.count = 3; }, "--count has no effect without --nll-map");
  refused([&](auto& o) { o.scores = file("scores.txt"); }, "--scores accepts a name in .csv");
  refused([&](auto& o) { o.nll_map = file("map.jpg"); }, "--nll-map accepts a name in .png");
  refused([&](auto& o) { o.scores = "-"; }, "-: --scores accepts a name in .csv");
  refused([&](auto& o) { o.scores = file("no/folder/scores.csv"); }, "there is no folder");
  fs::create_directories(file("folder.csv"));
  refused([&](auto& o) { o.scores = file("folder.csv"); }, "is a folder");
  refused(
      [&](auto& o) {
        o.split = "test";
        o.images = file("x.npy");
      },
      "--split and --images");
  write_png(file("x.png"), {.width = 1, .height = 1, .channels = 1, .pixels = {0}});
  refused(
      [&](auto& o) {
        o.images = file("x.png");
        o.nll_map = file("./x.png");
        o.overwrite = true;
      },
      "written over what is read from it");
  refused([&](auto& o) { o.images = file("none.npy"); }, "none.npy");
}

// Each parameter may be as large as it is allowed to be, and their products still overflow.
TEST_F(EvalRun, RefusesScoresThatAreNoNumbers) {
  const std::string path = directory() + "/best.safetensors";
  SafetensorsFile checkpoint = read_safetensors(path);
  std::vector<TensorRef> tensors;
  for (auto& [name, tensor] : checkpoint.tensors) {
    for (float& value : tensor.values) value = 1e6f;
    tensors.push_back({name, tensor.shape, tensor.values});
  }
  checkpoint.metadata.erase("checksum");  // as an older version wrote it
  checkpoint.metadata["format"] = "pcnn 1";
  write_safetensors(path, checkpoint.metadata, tensors);
  EvalOptions wanted = options();
  wanted.scores = file("scores.csv");
  expect_contains(message(wanted), "the score of image 0 came out as numbers that are not finite");
  EXPECT_FALSE(fs::exists(wanted.scores));
}

}  // namespace
}  // namespace pcnn

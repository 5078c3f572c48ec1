#include "engine/run/eval_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/run/eval_report.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

// Scores by a tiny trained run.
class EvalRun : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config()});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] EvalOptions options(const std::string& split = "") const {
    return {.model = directory(), .split = split, .live = false};
  }
  [[nodiscard]] EvalOptions own(const std::string& images) const {
    return {.model = directory(), .images = file(images), .live = false};
  }
  [[nodiscard]] nlohmann::json results(const std::string& name = "tiny") const {
    return nlohmann::json::parse(slurp(directory(name) + "/results.json"));
  }
  static std::string message(const EvalOptions& options) {
    return error_of([&] { (void)evaluate(options); });
  }
  static bool has_note(const Evaluation& evaluation, const std::string& part) {
    for (const std::string& note : evaluation.notes)
      if (note.find(part) != std::string::npos) return true;
    return false;
  }
};

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

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
    for (const char* key : {"split", "binarisation", "precision"})
      EXPECT_EQ(json.at(key), results.at(key)) << key;
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

TEST_F(EvalRun, WritesScoresThatReadBackAsTheyAre) {
  EvalOptions wanted = options();
  wanted.scores = file("scores.csv");
  const Evaluation evaluation = evaluate(wanted);
  std::istringstream lines(slurp(wanted.scores));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "index,file_index,nats,nats_per_dim,bits_per_dim");
  std::size_t count = 0;
  for (; std::getline(lines, line); ++count) {
    std::istringstream cells(line);
    std::vector<double> values;
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stod(cell));
    ASSERT_EQ(values.size(), 5u) << line;
    EXPECT_EQ(values[0], static_cast<double>(count));
    EXPECT_EQ(values[1], static_cast<double>(count));
    EXPECT_EQ(values[2], evaluation.nats[count]);
    EXPECT_EQ(values[3], evaluation.nats[count] / (kHeight * kWidth));
    EXPECT_DOUBLE_EQ(values[4], values[3] / std::log(2.0));
  }
  EXPECT_EQ(count, 9u);
}

// The cells of a line of CSV.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells{""};
  bool quoted = false;
  for (const char c : line)
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back() += c;
  return cells;
}

TEST_F(EvalRun, ScoresAFolderAndNamesItsFilesAndClasses) {
  const std::string folder = file("own");
  for (const char* name : {"cat, black/10.png", "cat, black/9.png", "dog/a.png"}) {
    const fs::path path = folder + "/" + name;
    fs::create_directories(path.parent_path());
    std::vector<std::uint8_t> pixels(kHeight * kWidth, 0);
    std::fill_n(pixels.begin(), path.filename().string().size() * 3, std::uint8_t{255});
    write_png(path.string(), {.width = kWidth, .height = kHeight, .channels = 1, .pixels = pixels});
  }
  std::ofstream(folder + "/dog/a.jpg") << "x";
  EvalOptions wanted = own("own");
  wanted.scores = file("own.csv");
  wanted.surprise = file("own_surprise.png");
  wanted.count = 1;
  const Evaluation evaluation = evaluate(wanted);
  EXPECT_EQ(evaluation.split, folder + ", 3 images");
  EXPECT_TRUE(has_note(evaluation, folder + ": passed over: 1 .jpg"));
  std::istringstream lines(slurp(wanted.scores));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "index,file_index,nats,nats_per_dim,bits_per_dim,file,label");
  const std::vector<std::string> files{"cat, black/9.png", "cat, black/10.png", "dog/a.png"},
      labels{"cat, black", "cat, black", "dog"};
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(std::getline(lines, line));
    const std::vector<std::string> cells = cells_of(line);
    ASSERT_EQ(cells.size(), 7u) << line;
    EXPECT_EQ(cells[0], std::to_string(i));
    EXPECT_EQ(std::stod(cells[2]), evaluation.nats[i]);
    EXPECT_EQ(cells[5], files[i]);
    EXPECT_EQ(cells[6], labels[i]);
  }
  const nlohmann::json surprise = nlohmann::json::parse(report_json(evaluation, wanted)).at("surprise");
  for (const char* side : {"most_likely", "least_likely"})
    EXPECT_EQ(surprise.at(std::string(side) + "_files").at(0),
              files[surprise.at(side).at(0).get<std::size_t>()]);
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

TEST_F(EvalRun, ShowsTheMostAndTheLeastLikelyImagesBesideTheirNats) {
  EvalOptions wanted = options("train");
  wanted.surprise = file("surprise.png");
  wanted.count = 3;
  const Evaluation evaluation = evaluate(wanted);
  ASSERT_TRUE(evaluation.surprise);
  const Evaluation::Surprise& surprise = *evaluation.surprise;
  ASSERT_EQ(surprise.most_likely.size(), 3u);
  ASSERT_EQ(surprise.least_likely.size(), 3u);
  EXPECT_EQ(evaluation.nats[static_cast<std::size_t>(surprise.most_likely[0])],
            std::ranges::min(evaluation.nats));
  EXPECT_EQ(evaluation.nats[static_cast<std::size_t>(surprise.least_likely[0])],
            std::ranges::max(evaluation.nats));

  const Image8 picture = read_png(wanted.surprise);
  constexpr int kScale = 4, kGap = 2, kTile = kWidth * kScale + kGap;
  EXPECT_EQ(picture.width, 4 * kTile + kGap);
  EXPECT_EQ(picture.height, 3 * (kHeight * kScale + kGap) + kGap);
  // Row by row each map adds up to its image's nats, as far as 8 bits tell.
  for (int row = 0; row < 3; ++row)
    for (const int column : {1, 3}) {
      double sum = 0.0;
      for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x)
          sum += picture.pixels[picture.offset(kGap + row * (kHeight * kScale + kGap) + y * kScale,
                                               kGap + column * kTile + x * kScale)];
      const auto& side = column == 1 ? surprise.most_likely : surprise.least_likely;
      const double nats = evaluation.nats[static_cast<std::size_t>(side[static_cast<std::size_t>(row)])];
      const double step = surprise.white_nats / 255.0;
      EXPECT_NEAR(sum * step, nats, 0.5 * step * kHeight * kWidth) << "row " << row << ", column " << column;
    }
  EXPECT_TRUE(std::ranges::find(picture.pixels, 255) != picture.pixels.end());
  expect_contains(report_text(evaluation, wanted), "3 most likely images (left) and the 3 least likely");

  wanted = options();
  wanted.surprise = file("all.png");
  wanted.count = 100;  // of nine
  EXPECT_EQ(evaluate(wanted).surprise->most_likely.size(), 9u);
  EXPECT_EQ(read_png(wanted.surprise).height, 9 * (kHeight * kScale + kGap) + kGap);
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

TEST_F(EvalRun, ScoresAndDrawsLevelsInColour) {
  run({.config = config(),
       .overrides = {"name=colour", "data.colour=true", "model.head=logistic_mixture", "model.levels=8",
                     "model.mixtures=3"}});
  EvalOptions wanted = options();
  wanted.model = directory("colour");
  wanted.surprise = file("colour.png");
  const Evaluation evaluation = evaluate(wanted);
  EXPECT_EQ(evaluation.score.nats_per_dim, results("colour").at("models").at(0).at("nats_per_dim"));
  EXPECT_EQ(nlohmann::json::parse(report_json(evaluation, wanted)).at("coding"),
            results("colour").at("coding"));
  EXPECT_EQ(read_png(wanted.surprise).channels, 3);
}

TEST_F(EvalRun, TellsTheLikelihoodRatioAgainstASecondModel) {
  // Trained less, and with shards of its own.
  run({.config = config(), .overrides = {"name=other", "seed=5", "train.epochs=1", "train.shard_images=3"}});
  EvalOptions wanted = options();
  wanted.background = directory("other");
  wanted.scores = file("scores.csv");
  const Evaluation evaluation = evaluate(wanted);
  ASSERT_TRUE(evaluation.background);
  const Evaluation::Background& background = *evaluation.background;
  EXPECT_EQ(evaluation.nats, evaluate(options()).nats);
  EvalOptions alone = options();
  alone.model = directory("other");
  EXPECT_EQ(background.nats, evaluate(alone).nats) << "as it scores by itself, to the last bit";
  EXPECT_EQ(background.model, directory("other") + "/best.safetensors");
  double mean = 0.0;
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(background.log_ratio[i], background.nats[i] - evaluation.nats[i]);
    mean += background.log_ratio[i] / 9;
  }
  EXPECT_GT(mean, 0.0) << "trained longer, it knows the images better";
  EXPECT_NEAR(background.log_ratio_per_image, mean, 1e-12);
  EXPECT_NEAR((background.interval->low + background.interval->high) / 2, mean, 1e-9);

  const nlohmann::json json = nlohmann::json::parse(report_json(evaluation, wanted));
  EXPECT_EQ(json.at("background").at("model"), background.model);
  EXPECT_EQ(json.at("background").at("nats_per_dim"), results("other").at("models").at(0).at("nats_per_dim"));
  EXPECT_EQ(json.at("log_likelihood_ratio_per_image"), background.log_ratio_per_image);
  EXPECT_EQ(json.at("log_likelihood_ratio_per_image_interval").at(0), background.interval->low);
  expect_contains(report_text(evaluation, wanted), " nats/image log-likelihood ratio, log p - log p of the ");

  std::istringstream csv(slurp(wanted.scores));
  std::string line;
  std::getline(csv, line);
  EXPECT_TRUE(line.ends_with(",nats,nats_per_dim,bits_per_dim,background_nats,log_likelihood_ratio")) << line;
  for (std::size_t i = 0; std::getline(csv, line); ++i) {
    const std::size_t last = line.rfind(','), before = line.rfind(',', last - 1);
    EXPECT_EQ(std::stod(line.substr(last + 1)), background.log_ratio[i]);
    EXPECT_EQ(std::stod(line.substr(before + 1)), background.nats[i]);
  }

  wanted.background = directory();
  wanted.overwrite = true;
  const Evaluation same = evaluate(wanted);
  EXPECT_EQ(same.background->log_ratio, std::vector<double>(9, 0.0));

  // Images of one's own, of any size.
  write_npy(file("own.npy"), {2, 3, 4}, std::vector<std::uint8_t>(24, 1));
  EvalOptions mine = own("own.npy");
  mine.background = directory("other");
  const Evaluation small = evaluate(mine);
  EXPECT_EQ(small.background->log_ratio.size(), 2u);
  EXPECT_TRUE(has_note(small, "the background model was trained on 6x5"));
}

TEST_F(EvalRun, RefusesABackgroundModelOfAnotherCoding) {
  const auto refusal = [&](const std::string& name, std::vector<std::string> overrides) {
    overrides.insert(overrides.end(), {"name=" + name, "train.epochs=1", "sample.count=0"});
    run({.config = config(), .overrides = overrides});
    EvalOptions wanted = options();
    wanted.background = directory(name);
    const std::string text = message(wanted);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  };
  expect_contains(refusal("colour", {"data.colour=true", "model.input.filters=6", "model.blocks.filters=3",
                                     "model.output.filters=3"}),
                  "have 3 channels, accepted: 1, as those of");
  expect_contains(refusal("levels", {"model.head=softmax", "model.levels=2"}),
                  "coded as '2 levels: floor(value * 2 / 256)', accepted: 'threshold: value / 255 >= 0.5'");
  expect_contains(refusal("threshold", {"data.threshold=0.3"}), "coded as 'threshold: value / 255 >= 0.3'");
  expect_contains(refusal("drawn", {"data.binarisation=bernoulli_fixed"}), "coded as 'Bernoulli, drawn once");
  EXPECT_EQ(refusal("alike", {"seed=7"}), "");
  EvalOptions wanted = options();
  wanted.background = file("nowhere");
  expect_contains(message(wanted), "nowhere: not found");
}

TEST_F(EvalRun, NeverOverwritesUnlessTold) {
  EvalOptions wanted = options();
  wanted.scores = file("scores.csv");
  wanted.surprise = file("surprise.png");
  (void)evaluate(wanted);
  const std::string before = slurp(wanted.scores);
  expect_contains(message(wanted), "scores.csv: exists already");
  fs::remove(wanted.scores);
  expect_contains(message(wanted), "surprise.png: exists already");
  EXPECT_FALSE(fs::exists(wanted.scores));
  wanted.overwrite = true;
  EXPECT_EQ(message(wanted), "");
  EXPECT_EQ(slurp(wanted.scores), before);
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
  refused([&](auto& o) { o.count = 3; }, "--count has no effect without --surprise");
  refused([&](auto& o) { o.scores = file("scores.txt"); }, "--scores accepts a name in .csv");
  refused([&](auto& o) { o.surprise = file("map.jpg"); }, "--surprise accepts a name in .png");
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
        o.surprise = file("./x.png");
        o.overwrite = true;
      },
      "written over what is read from it");
  refused([&](auto& o) { o.images = file("none.npy"); }, "none.npy");
}

// Finite parameters may be too large all the same.
TEST_F(EvalRun, RefusesScoresThatAreNoNumbers) {
  const std::string path = directory() + "/best.safetensors";
  SafetensorsFile checkpoint = read_safetensors(path);
  std::vector<TensorRef> tensors;
  for (auto& [name, tensor] : checkpoint.tensors) {
    for (float& value : tensor.values) value *= 1e15f;
    tensors.push_back({name, tensor.shape, tensor.values});
  }
  checkpoint.metadata.erase("checksum");  // as an older version wrote it
  checkpoint.metadata["format"] = "pcnn 1";
  write_safetensors(path, checkpoint.metadata, tensors);
  EvalOptions wanted = options();
  wanted.scores = file("scores.csv");
  expect_contains(message(wanted), "image 0 scores no finite number of nats");
  EXPECT_FALSE(fs::exists(wanted.scores));
}

TEST_F(EvalRun, TakesEndingsInCapitals) {
  EvalOptions wanted = options();
  wanted.scores = file("SCORES.CSV");
  wanted.surprise = file("MAP.PNG");
  (void)evaluate(wanted);
  EXPECT_TRUE(slurp(wanted.scores).starts_with("index,"));
  EXPECT_EQ(read_png(wanted.surprise).channels, 1);
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

}  // namespace
}  // namespace pcnn

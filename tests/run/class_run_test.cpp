// Runs of a network that is told the class of an image: trained, resumed, drawn from, scored and asked for
// the class.

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/data/dataset.h"
#include "engine/io/image_grid.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/run/eval_report.h"
#include "engine/run/pictures.h"
#include "engine/run/sample_run.h"
#include "engine/run/trained_model.h"
#include "engine/sample/incremental_sampler.h"
#include "engine/train/scorer.h"
#include "tests/run/eval_run.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

constexpr int kClasses = 3, kTrain = 90, kTest = 30;

int label_of(int image) {
  return image * 2 % kClasses;
}

// Class 0 has light above, class 1 on the left, class 2 nowhere; all have specks.
bool is_light(int of_class, int row, int column, testing::Random& random) {
  const bool speck = random.between(0, 9) == 0;
  return speck != ((of_class == 0 && row < 3) || (of_class == 1 && column < 2));
}

void write_numbers(std::ofstream& file, std::initializer_list<int> numbers) {
  for (const int number : numbers)
    for (const int shift : {24, 16, 8, 0}) file.put(static_cast<char>(number >> shift));
}

class ClassRun : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    write_part("train", kTrain, 255);
    write_part("t10k", kTest, 254);
    std::ofstream(config()) << "name: tiny\noutput: " << root_ << "/runs\nthreads: 2\n"
                            << "data: {dataset: idx, directory: " << root_
                            << "/data, validation_images: 12, labels: true}\n"
                            << "model: {condition: {classes: 3}, input: {kernel: 3, filters: 8},\n"
                            << "        blocks: [{repeat: 1, filters: 6}, {kind: masked_conv, filters: 8}], "
                               "output: {filters: 6}}\n"
                            << "train: {optimiser: adam, learning_rate: 0.01, batch: 8, epochs: 12}\n"
                            << "sample: {count: 7, scale: 1}\n";
  }

  // Light pixels are `on`, dark ones 255 - on, so that no image of one part is one of another.
  void write_part(const std::string& part, int count, int on) const {
    testing::Random random(static_cast<std::uint64_t>(on));
    std::ofstream images(root_ + "/data/" + part + "-images-idx3-ubyte", std::ios::binary);
    std::ofstream labels(root_ + "/data/" + part + "-labels-idx1-ubyte", std::ios::binary);
    write_numbers(images, {0x0803, count, kHeight, kWidth});
    write_numbers(labels, {0x0801, count});
    for (int image = 0; image < count; ++image) {
      labels.put(static_cast<char>(label_of(image)));
      for (int row = 0; row < kHeight; ++row)
        for (int column = 0; column < kWidth; ++column)
          images.put(static_cast<char>(is_light(label_of(image), row, column, random) ? on : 255 - on));
    }
  }

  void train(std::vector<std::string> overrides = {}) const {
    run({.config = config(), .overrides = std::move(overrides)});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] EvalOptions scoring(std::vector<std::string> overrides = {}) const {
    return {.model = directory(), .overrides = std::move(overrides), .live = false};
  }
  [[nodiscard]] SampleOptions drawing(const std::string& output, std::vector<int> classes = {}) const {
    return {.model = directory(), .output = file(output), .classes = std::move(classes), .seed = 7};
  }
  [[nodiscard]] std::vector<float> draw(const TrainedModel& model, const std::vector<int>& classes) const {
    return sample_incrementally(
               model.network, *model.head, model.parameters,
               {.chains = static_cast<int>(classes.size()), .seed = 7, .given = {.classes = classes}},
               Workers(2))
        .images;
  }
  // Of the images that a .npy of levels holds.
  [[nodiscard]] std::vector<float> levels(const std::string& name) const {
    const std::vector<std::uint8_t> values = read_npy(file(name)).values<std::uint8_t>();
    return {values.begin(), values.end()};
  }
};

TEST_F(ClassRun, IsScoredUnderTheClassesOfItsImagesAndClassifiesThemByBayes) {
  train();
  const auto results = nlohmann::json::parse(slurp(directory() + "/results.json"));
  const Evaluation told = evaluate(scoring());
  EXPECT_EQ(told.score.nats_per_dim, results.at("models").at(0).at("nats_per_dim").get<double>());
  EXPECT_FALSE(told.classification);

  EvalOptions wanted = scoring();
  wanted.classify = true;
  wanted.scores = file("scores.csv");
  const Evaluation asked = evaluate(wanted);
  EXPECT_EQ(asked.nats, told.nats) << "the scores are those under the known class";
  ASSERT_TRUE(asked.classification && asked.classification->correct);
  EXPECT_GE(*asked.classification->correct, kTest * 9 / 10);
  EXPECT_LT(*asked.classification->nats_per_label, 0.5);

  // The same from a forward pass for each class.
  const TrainedModel model = load_trained_model(directory());
  const Dataset data = load_dataset(model.config.data);
  const auto coding = make_pixel_coding(model.config.data);
  const Workers workers(1);
  Scorer scorer(model.network, *model.head, 4, workers);
  std::vector<std::vector<double>> nats;
  for (int of_class = 0; of_class < kClasses; ++of_class) {
    const std::vector<int> all(kTest, of_class);
    nats.push_back(scorer.nats(
        model.parameters, kTest,
        [&](int i, std::span<float> image) { coding->encode_for_evaluation(data.test, i, image); },
        {.classes = all}));
  }
  int correct = 0;
  double log_loss = 0.0;
  std::istringstream csv(slurp(file("scores.csv")));
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "index,file_index,nats,nats_per_dim,bits_per_dim,label,predicted,predicted_probability");
  for (std::size_t image = 0; image < kTest; ++image) {
    double sum = 0.0;
    std::size_t best = 0;
    for (std::size_t k = 0; k < kClasses; ++k) {
      sum += std::exp(-nats[k][image]);
      if (nats[k][image] < nats[best][image]) best = k;
    }
    const auto label = static_cast<std::size_t>(label_of(static_cast<int>(image)));
    EXPECT_NEAR(asked.nats[image], nats[label][image], 1e-4);
    EXPECT_EQ(asked.classification->predicted[image], static_cast<int>(best));
    EXPECT_NEAR(asked.classification->probability[image], std::exp(-nats[best][image]) / sum, 1e-5);
    correct += best == label;
    log_loss -= std::log(std::exp(-nats[label][image]) / sum) / kTest;
    std::getline(csv, line);
    expect_contains(line, "," + std::to_string(label) + "," + std::to_string(best) + ",");
  }
  EXPECT_EQ(*asked.classification->correct, correct);
  EXPECT_NEAR(*asked.classification->nats_per_label, log_loss, 1e-5);

  expect_contains(report_text(asked, wanted), "classes by Bayes' rule, each of 3 as likely beforehand: ");
  const auto json = nlohmann::json::parse(report_json(asked, wanted));
  EXPECT_EQ(json.at("classification").at("classes"), kClasses);
  EXPECT_EQ(json.at("classification").at("correct"), correct);
  EXPECT_EQ(json.at("classification").at("accuracy"), static_cast<double>(correct) / kTest);
}

TEST_F(ClassRun, GoesOnAfterAStopAsIfNothingHadBeen) {
  train({"train.epochs=3", "name=whole", "train.average.decay=0.5"});
  train({"train.epochs=1", "name=parts", "train.average.decay=0.5", "threads=1"});
  run({.resume = directory("parts"), .overrides = {"train.epochs=3"}});
  EXPECT_EQ(metrics_of("parts"), metrics_of("whole"));
  const TrainedModel whole = load_trained_model(directory("whole")),
                     parts = load_trained_model(directory("parts"));
  EXPECT_EQ(parts.parameters, whole.parameters);
}

TEST_F(ClassRun, IsNotResumedWithOtherLabels) {
  train({"train.epochs=1"});
  std::fstream labels(root_ + "/data/train-labels-idx1-ubyte",
                      std::ios::binary | std::ios::in | std::ios::out);
  labels.seekp(8);
  labels.put(static_cast<char>((label_of(0) + 1) % kClasses));
  labels.close();
  expect_contains(message_of({.resume = directory(), .overrides = {"train.epochs=2"}}),
                  directory() +
                      "/checkpoint.safetensors: the train images, or what is known of them (data.labels), "
                      "are not those the run began with (crc32:");
  EXPECT_EQ(evaluate({.model = directory(), .live = false}).notes.front(),
            "the train images, or what is known of them (data.labels), are not those of the run: its files "
            "have changed since, and a split may hold images it trained on");
}

TEST_F(ClassRun, TellsOneClassFromAnotherInWhatItDraws) {
  train();
  const TrainedModel model = load_trained_model(directory());
  constexpr int kEach = 200;
  const auto light = [&](int of_class, int row, int column) {
    const std::vector<float> images = draw(model, std::vector<int>(kEach, of_class));
    float sum = 0.0f;
    for (int image = 0; image < kEach; ++image)
      sum += images[static_cast<std::size_t>((image * kHeight + row) * kWidth + column)];
    return sum / kEach;
  };
  EXPECT_GT(light(0, 1, 3), 0.6f);
  EXPECT_LT(light(2, 1, 3), 0.4f);
  EXPECT_GT(light(1, 4, 0), 0.6f);
  EXPECT_LT(light(0, 4, 0), 0.4f);
}

TEST_F(ClassRun, DrawsARowForEachClass) {
  train({"train.epochs=1"});
  const auto size_of = [&](const std::string& path) {
    const Image8 grid = read_png(path);
    return std::pair{grid.width, grid.height};
  };
  const auto size = [](int columns, int rows, int scale) {
    return std::pair{columns * (kWidth * scale + kGridGap) + kGridGap,
                     rows * (kHeight * scale + kGridGap) + kGridGap};
  };
  // Seven images: 3, 2 and 2.
  EXPECT_EQ(size_of(directory() + "/samples/epoch-0001.png"), size(3, 3, 1));
  const Image8 grid = read_png(directory() + "/samples/epoch-0001.png");
  const auto corner = [&](int row, int column) {
    return grid
        .pixels[grid.offset(kGridGap + row * (kHeight + kGridGap), kGridGap + column * (kWidth + kGridGap))];
  };
  EXPECT_NE(corner(0, 2), kGridBackground);
  EXPECT_EQ(corner(1, 2), kGridBackground) << "the row is filled up";
  EXPECT_EQ(corner(2, 2), kGridBackground);

  sample(drawing("all.png"));
  EXPECT_EQ(size_of(file("all.png")), size(10, 3, 4));
  sample(drawing("one.png", {2}));
  EXPECT_EQ(size_of(file("one.png")), size(5, 5, 4));
  SampleOptions two = drawing("two.png", {2, 0});
  two.count = 6;
  sample(two);
  EXPECT_EQ(size_of(file("two.png")), size(3, 2, 4));
  two.columns = 6;
  two.overwrite = true;
  sample(two);
  EXPECT_EQ(size_of(file("two.png")), size(6, 1, 4)) << "as asked for";

  const TrainedModel model = load_trained_model(directory());
  two.output = file("two.npy");
  sample(two);
  EXPECT_EQ(levels("two.npy"), draw(model, {2, 2, 2, 0, 0, 0}));
  SampleOptions likeliest = drawing("likeliest.npy");
  likeliest.temperature = 0.0;
  sample(likeliest);
  EXPECT_EQ(read_npy(file("likeliest.npy")).shape()[0], kClasses) << "one of each class";
}

TEST_F(ClassRun, DrawsTheSameWithBothSamplers) {
  train({"train.epochs=2"});
  sample(drawing("incremental.npy"));
  SampleOptions naive = drawing("naive.npy");
  naive.sampler.kind = SamplerKind::kNaive;
  sample(naive);
  EXPECT_EQ(levels("naive.npy"), levels("incremental.npy"));
}

TEST_F(ClassRun, CompletesAnImageOnceForEachClass) {
  train({"train.epochs=1"});
  write_npy(file("half.npy"), {kHeight, kWidth}, std::vector<std::uint8_t>(kHeight * kWidth, 1));
  std::vector<std::uint8_t> known(kHeight * kWidth, 0);
  std::fill_n(known.begin(), kWidth * 2, std::uint8_t{1});
  write_npy(file("known.npy"), {kHeight, kWidth}, known);
  SampleOptions wanted = drawing("completed.npy");
  wanted.complete = file("half.npy");
  wanted.mask = file("known.npy");
  sample(wanted);
  EXPECT_EQ(read_npy(file("completed.npy")).shape()[0], kClasses);
  const std::vector<float> images = levels("completed.npy");
  for (int of_class = 0; of_class < kClasses; ++of_class)
    for (std::size_t pixel = 0; pixel < kWidth * 2; ++pixel)
      EXPECT_EQ(images[static_cast<std::size_t>(of_class) * kHeight * kWidth + pixel], 1.0f);
  wanted.output = file("completed.png");
  sample(wanted);
  EXPECT_EQ(read_png(wanted.output).width, (kClasses + 1) * (kWidth * 4 + kGridGap) + kGridGap);
}

TEST_F(ClassRun, ScoresImagesWithoutAClassUnderAllOfThem) {
  train({"train.epochs=4"});
  const Dataset data = load_dataset(load_trained_model(directory()).config.data);
  write_npy(file("mine.npy"), {kTest, kHeight, kWidth},
            std::vector<std::uint8_t>(data.test.pixels.begin(), data.test.pixels.end()));
  EvalOptions wanted = scoring();
  wanted.classify = true;
  const Evaluation split = evaluate(wanted);
  wanted.images = file("mine.npy");
  const Evaluation mine = evaluate(wanted);
  EXPECT_EQ(mine.classification->predicted, split.classification->predicted);
  EXPECT_FALSE(mine.classification->correct);
  expect_contains(report_text(mine, wanted), "each of 3 as likely beforehand\n");
  expect_contains(report_text(mine, wanted), "note: the model is told the class of an image, and these ");
  for (std::size_t image = 0; image < kTest; ++image) {
    // p(x) = p(x | predicted) / p(predicted | x) / 3, and where the prediction is right the first is known.
    if (split.classification->predicted[image] != label_of(static_cast<int>(image))) continue;
    EXPECT_NEAR(mine.nats[image],
                split.nats[image] + std::log(split.classification->probability[image] * kClasses), 1e-6);
  }
  wanted.nll_map = file("map.png");
  expect_contains(error_of([&] { (void)evaluate(wanted); }),
                  "have none that it knows; accepted: the images of a split");
  wanted.images.clear();
  EXPECT_TRUE(evaluate(wanted).nll_map);
}

TEST_F(ClassRun, IsTheBackgroundOfAModelThatIsToldNothing) {
  train({"train.epochs=1", "name=told"});
  train({"train.epochs=1", "model.condition=null"});
  EvalOptions wanted = scoring({"data.labels=true"});
  wanted.background = directory("told");
  const Evaluation evaluation = evaluate(wanted);
  EvalOptions alone = scoring();
  alone.model = directory("told");
  EXPECT_EQ(evaluation.background->nats, evaluate(alone).nats);
}

TEST_F(ClassRun, RefusesInOneLineWhatDoesNotFit) {
  const std::string told = "model.condition.classes is 3; accepted: true, which reads the classes of images";
  EXPECT_EQ(message_of({.config = config(), .overrides = {"data.labels=false"}}),
            "override 'data.labels=false': data.labels: found false, but " + told);
  EXPECT_EQ(message_of({.config = config(), .overrides = {"data.labels=null"}}),
            "override 'data.labels=null': data.labels: the default is false, but " + told);
  EXPECT_EQ(message_of({.config = config(), .overrides = {"model.condition.classes=2"}}),
            "model.condition.classes: found 2, but train image 1 is of class 2 (with 26 images of such a "
            "class); accepted: at least 3");
  EXPECT_FALSE(fs::exists(directory())) << "nothing is made";

  train({"train.epochs=1"});
  const std::string model = directory() + "/best.safetensors";
  EXPECT_EQ(error_of([&] {
              sample(drawing("a.png", {0, 3}));
            }),
            "--class: found 3, accepted: 0 to 2, the classes of " + model);
  SampleOptions few = drawing("a.png", {2, 0});
  few.count = 1;
  EXPECT_EQ(error_of([&] { sample(few); }),
            "--count: found 1, accepted: at least 2, an image of each class of --class");
  EXPECT_EQ(error_of([&] { (void)evaluate(scoring({"data.labels=false"})); }),
            "override 'data.labels=false': data.labels: found false, but " + told);

  train({"train.epochs=1", "name=plain", "model.condition=null"});
  SampleOptions plain = drawing("a.png", {0});
  plain.model = directory("plain");
  const std::string plain_model = directory("plain") + "/best.safetensors";
  EXPECT_EQ(error_of([&] { sample(plain); }),
            "--class: " + plain_model + " was trained without model.condition, and draws images of no class");
  EvalOptions asked = scoring();
  asked.model = directory("plain");
  asked.classify = true;
  EXPECT_EQ(error_of([&] { (void)evaluate(asked); }),
            "--classify: " + plain_model + " was trained without model.condition, and knows no classes");
  EXPECT_FALSE(fs::exists(file("a.png")));
}

TEST_F(ClassRun, SaysWhichClassesNoImageIsOf) {
  train({"train.epochs=1", "model.condition.classes=5"});
  expect_contains(slurp(directory() + "/log.txt"), "no train image is of class 3, 4: ");
}

}  // namespace
}  // namespace pcnn

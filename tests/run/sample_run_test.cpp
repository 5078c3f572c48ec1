#include "engine/run/sample_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/io/file.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/run/eval_run.h"
#include "engine/run/sample_output.h"
#include "engine/run/trained_model.h"
#include "engine/sample/naive_sampler.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

// Samples of a tiny trained run.
class SampleRun : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config()});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] SampleOptions options(const std::string& output) const {
    return {.model = directory(), .output = file(output), .count = 6, .seed = 7};
  }
  static std::string message(const SampleOptions& options) {
    return error_of([&] { sample(options); });
  }
};

TEST_F(SampleRun, WritesAGridAnArrayOrAFolder) {
  sample(options("grid.png"));
  const Image8 grid = read_png(file("grid.png"));
  EXPECT_EQ(grid.width, 3 * kWidth * 4 + 4 * 2);
  EXPECT_EQ(grid.height, 2 * kHeight * 4 + 3 * 2);

  sample(options("samples.npy"));
  const NpyArray array = read_npy(file("samples.npy"));
  EXPECT_EQ(array.shape(), (std::vector<std::int64_t>{6, 1, kHeight, kWidth}));
  EXPECT_EQ(array.dtype().kind, 'u');

  sample(options("folder/of/images"));
  const Image8 third = read_png(file("folder/of/images/0002.png"));
  const std::vector<std::uint8_t> values = array.values<std::uint8_t>();
  for (std::size_t i = 0; i < kHeight * kWidth; ++i)
    EXPECT_EQ(third.pixels[i], 255 * values[2 * kHeight * kWidth + i]);
  EXPECT_FALSE(fs::exists(file("folder/of/images/0006.png")));
}

TEST_F(SampleRun, TakesNamesForWhatTheyAre) {
  for (const auto& [name, kind] : {std::pair{"a.png", OutputKind::kGrid},
                                   {"A.PNG", OutputKind::kGrid},
                                   {"a.npy", OutputKind::kArray},
                                   {"a.Npy", OutputKind::kArray},
                                   {"a", OutputKind::kFolder},
                                   {"runs/v1.2", OutputKind::kFolder},
                                   {"a.jpg/", OutputKind::kFolder},
                                   {"a.png/", OutputKind::kFolder},
                                   {".hidden", OutputKind::kFolder},
                                   {"..", OutputKind::kFolder}})
    EXPECT_EQ(output_kind(name), kind) << name;
  fs::create_directories(file("data.d"));
  EXPECT_EQ(output_kind(file("data.d")), OutputKind::kFolder) << "it is there";
  for (const char* name : {"x.jpg", "x.JPEG", "s.npz", "s.tiff", "s.txt", "s.png.gz", "s.7z", "s.pt"}) {
    const std::string text = message(options(name));
    EXPECT_NE(text.find("accepted: a name in .png or .npy, or a folder"), std::string::npos) << text;
    EXPECT_FALSE(fs::exists(file(name)));
  }
  EXPECT_EQ(
      message({.model = directory(), .output = "s.npz"}),
      "--output: s.npz: no samples are written as .npz, accepted: a name in .png or .npy, or a folder (a "
      "slash at the end makes it one: s.npz/)");
  EXPECT_NE(message({.model = directory(), .output = "-"}).find("not written to standard output"),
            std::string::npos);
  EXPECT_FALSE(fs::exists("-"));

  sample(options("A.PNG"));
  EXPECT_EQ(read_png(file("A.PNG")).width, 3 * kWidth * 4 + 4 * 2);
  SampleOptions array = options("A.NPY");
  array.trace = file("T.NPY");
  sample(array);
  EXPECT_EQ(read_npy(file("A.NPY")).shape(), read_npy(file("T.NPY")).shape());
  sample(options("A.png/"));
  EXPECT_EQ(read_png(file("A.png/0005.png")).width, kWidth);
}

TEST_F(SampleRun, ReplacesThePicturesOfAnEarlierCallAndLeavesOtherFiles) {
  SampleOptions more = options("folder"), fewer = more;
  more.count = 9;
  fewer.count = 4;
  fewer.seed = 8;
  fewer.overwrite = true;
  sample(more);
  for (const char* other : {"notes.txt", "0020.png", "00006.png", "5.png"})
    write_file_atomic(file("folder/") + other, "mine");
  EXPECT_NE(message(more).find("exists already"), std::string::npos);
  ::testing::internal::CaptureStdout();
  sample(fewer);
  const std::string said = ::testing::internal::GetCapturedStdout();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(file("folder"))) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"0000.png", "00006.png", "0001.png", "0002.png", "0003.png",
                                             "0020.png", "5.png", "notes.txt"}));
  EXPECT_NE(
      said.find("folder: 5 pictures of an earlier call were removed; 4 other files are left: 00006.png, "
                "0020.png, 5.png, notes.txt\n"),
      std::string::npos)
      << said;

  fewer.output = file("again");
  sample(fewer);
  for (const char* name : {"/0000.png", "/0003.png"})
    EXPECT_EQ(slurp(file("folder") + name), slurp(file("again") + name));
}

TEST_F(SampleRun, DrawsOneImageAtTemperatureZeroUnlessAskedForMore) {
  SampleOptions mode = options("mode.npy"), more = options("more.npy");
  mode.count = 0;
  mode.temperature = more.temperature = 0.0;
  more.seed = 1;
  more.trace = file("trace.npy");
  sample(mode);
  sample(more);
  const std::vector<std::uint8_t> one = read_npy(mode.output).values<std::uint8_t>(),
                                  six = read_npy(more.output).values<std::uint8_t>();
  ASSERT_EQ(one.size(), static_cast<std::size_t>(kHeight * kWidth));
  ASSERT_EQ(six.size(), 6 * one.size());
  const std::vector<float> trace = read_npy(more.trace).values<float>();
  for (std::size_t i = 0; i < six.size(); ++i) {
    EXPECT_EQ(six[i], one[i % one.size()]);
    EXPECT_EQ(trace[i], static_cast<float>(six[i]));
  }
  run({.config = config(), .overrides = {"name=mode", "train.epochs=1", "sample.temperature=0"}});
  EXPECT_TRUE(fs::exists(directory("mode") + "/samples/epoch-0001.png"));
}

// What was drawn, as pictures and as levels, is scored alike to the last bit.
TEST_F(SampleRun, WritesPicturesThatScoreAsTheirLevelsDo) {
  const std::vector<std::vector<std::string>> models{
      {"name=bits"},
      {"name=drawn_bits", "data.binarisation=bernoulli_fixed"},
      {"name=pixels", "model.head=softmax", "model.levels=256"},
      {"name=levels", "model.head=softmax", "model.levels=7"},
      {"name=many", "model.head=logistic_mixture", "model.levels=200", "model.mixtures=2"},
      {"name=colour", "model.head=logistic_mixture", "model.levels=5", "data.colour=true"}};
  for (std::vector<std::string> overrides : models) {
    const std::string name = overrides.front().substr(5);
    SCOPED_TRACE(name);
    overrides.insert(overrides.end(), {"train.epochs=1", "sample.count=0"});
    run({.config = config(), .overrides = overrides});
    SampleOptions drawn = options(name + ".npy");
    drawn.model = directory(name);
    drawn.temperature = 3.0;  // many levels
    sample(drawn);
    drawn.output = file(name + "_folder");
    sample(drawn);
    const std::vector<double> nats =
        evaluate({.model = drawn.model, .images = file(name + ".npy"), .live = false}).nats;
    ASSERT_EQ(nats.size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) {
      const std::string picture = drawn.output + "/000" + std::to_string(i) + ".png";
      EXPECT_EQ(evaluate({.model = drawn.model, .images = picture, .live = false}).nats.at(0), nats[i]);
    }
    EXPECT_EQ(evaluate({.model = drawn.model, .images = drawn.output, .live = false}).nats, nats);
  }
}

TEST_F(SampleRun, DrawsFromTheAveragedParametersOfEitherFileAndDoesNotNeedTheData) {
  fs::remove_all(root_ + "/data");
  const TrainedModel best = load_trained_model(directory()),
                     last = load_trained_model(directory() + "/checkpoint.safetensors");
  EXPECT_TRUE(best.path.ends_with("best.safetensors"));
  EXPECT_EQ(best.parameters, last.parameters);  // the last epoch was the best one
  EXPECT_EQ(best.network.image_width, kWidth);

  sample(options("a.npy"));
  const Samples naive =
      sample_naively(best.network, *best.head, best.parameters, {.chains = 6, .seed = 7}, Workers(1));
  EXPECT_EQ(read_npy(file("a.npy")).values<float>(), naive.images);
}

TEST_F(SampleRun, DrawsTheSameWithEitherSamplerAndWithOtherSeedsOtherImages) {
  sample(options("a.npy"));
  SampleOptions naive = options("b.npy");
  naive.sampler.kind = SamplerKind::kNaive;
  naive.threads = 1;
  sample(naive);
  SampleOptions other = options("c.npy");
  other.seed = 8;
  sample(other);
  EXPECT_EQ(slurp(file("a.npy")), slurp(file("b.npy")));
  EXPECT_NE(slurp(file("a.npy")), slurp(file("c.npy")));
}

TEST_F(SampleRun, DrawsTheSameWhetherPixelsAreGuessedOrNot) {
  for (const int speculate : {kSpeculateOff, kSpeculateAuto, 2, 8}) {
    SampleOptions guessed = options("guess_" + std::to_string(speculate) + ".npy");
    guessed.sampler.speculate = speculate;
    sample(guessed);
    EXPECT_EQ(slurp(guessed.output), slurp(file("guess_1.npy"))) << speculate;
  }
}

TEST(SampleConfig, ReadsHowManyPixelsAreGuessed) {
  const auto speculate = [](const std::string& value) {
    const ConfigDocument document =
        ConfigDocument::from_string("sample: {speculate: " + value + "}", "test.yaml");
    return read_run_config(document, "test").sample.sampler.speculate;
  };
  EXPECT_EQ(speculate("null"), kSpeculateAuto);
  EXPECT_EQ(speculate("auto"), kSpeculateAuto);
  EXPECT_EQ(speculate("off"), kSpeculateOff);
  EXPECT_EQ(speculate("8"), 8);
  for (const char* value : {"1", "65", "on", "yes"}) {
    try {
      (void)speculate(value);
      FAIL() << value;
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()), "test.yaml:1:21: sample.speculate: found '" + std::string(value) +
                                               "', accepted: auto, off, or 2 to 64 pixels guessed at once");
    }
  }
  EXPECT_THROW((void)speculate("8, sampler: naive"), ConfigError);
}

TEST_F(SampleRun, DrawsImagesOfOtherSizesAndTracesTheirProbabilities) {
  SampleOptions larger = options("larger.npy");
  larger.height = 9;
  larger.width = 13;
  larger.trace = file("trace.npy");
  sample(larger);
  const std::vector<std::int64_t> shape{6, 1, 9, 13};
  EXPECT_EQ(read_npy(file("larger.npy")).shape(), shape);
  const NpyArray trace = read_npy(file("trace.npy"));
  EXPECT_EQ(trace.shape(), shape);
  EXPECT_EQ(trace.dtype().kind, 'f');
  // The pixels drawn are as many ones as their probabilities say: within five standard deviations.
  double ones = 0.0, expected = 0.0, variance = 0.0;
  for (const std::uint8_t pixel : read_npy(file("larger.npy")).values<std::uint8_t>()) ones += pixel;
  for (const float probability : trace.values<float>()) {
    ASSERT_GT(probability, 0.0f);
    ASSERT_LT(probability, 1.0f);
    expected += probability;
    variance += probability * (1.0 - probability);
  }
  EXPECT_NEAR(ones, expected, 5.0 * std::sqrt(variance));
}

TEST_F(SampleRun, CompletesPartialImagesAndShowsThemBeside) {
  const std::vector<std::uint8_t> ones(2 * kHeight * kWidth, 1);
  std::vector<std::uint8_t> known(kHeight * kWidth, 0);
  std::fill_n(known.begin(), 3 * kWidth, std::uint8_t{1});
  write_npy(file("partial.npy"), {2, kHeight, kWidth}, ones);
  write_npy(file("known.npy"), {kHeight, kWidth}, known);
  SampleOptions complete = options("completed.npy");
  complete.complete = file("partial.npy");
  complete.mask = file("known.npy");
  complete.count = 3;
  sample(complete);
  const NpyArray array = read_npy(file("completed.npy"));
  EXPECT_EQ(array.shape(), (std::vector<std::int64_t>{2 * 3, 1, kHeight, kWidth}));
  const std::vector<std::uint8_t> values = array.values<std::uint8_t>();
  int zeros = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (known[i % known.size()]) {
      EXPECT_EQ(values[i], 1);
    }
    zeros += values[i] == 0;
  }
  EXPECT_GT(zeros, 0);

  complete.output = file("completed.png");
  complete.scale = 1;
  sample(complete);
  const Image8 grid = read_png(file("completed.png"));
  EXPECT_EQ(grid.width, 4 * kWidth + 5 * 2);  // input and three completions
  EXPECT_EQ(grid.height, 2 * kHeight + 3 * 2);
  EXPECT_EQ(grid.pixels[grid.offset(2, 2)], 255);     // known
  EXPECT_EQ(grid.pixels[grid.offset(2 + 3, 2)], 96);  // to be drawn: grey
  EXPECT_NE(grid.pixels[grid.offset(2 + 3, 2 + kWidth + 2)], 96);
}

// Trained in colour with levels, drawn as levels, and the same ones as pictures.
TEST_F(SampleRun, DrawsLevelsInColour) {
  for (const char* head : {"softmax", "logistic_mixture"}) {
    const std::string name = head;
    run({.config = config(),
         .overrides = {"name=" + name, "data.colour=true", "train.epochs=1", "model.head=" + name,
                       "model.levels=6", "model.input.filters=6", "model.blocks.filters=3",
                       "model.output.filters=3"}});
    SampleOptions drawn = options(name + ".npy");
    drawn.model = directory(name);
    drawn.trace = file(name + "_trace.npy");
    sample(drawn);
    const NpyArray array = read_npy(drawn.output);
    EXPECT_EQ(array.shape(), (std::vector<std::int64_t>{6, 3, kHeight, kWidth}));
    EXPECT_EQ(read_npy(drawn.trace).shape(), (std::vector<std::int64_t>{6, 3, kHeight, kWidth, 6}));
    const std::vector<std::uint8_t> levels = array.values<std::uint8_t>();
    EXPECT_LT(*std::max_element(levels.begin(), levels.end()), 6);

    drawn.output = file(name + ".png");
    drawn.trace = "";
    drawn.columns = 6;
    drawn.scale = 1;
    sample(drawn);
    const Image8 grid = read_png(drawn.output);
    ASSERT_EQ(grid.channels, 3);
    for (std::size_t channel = 0; channel < 3; ++channel)  // of the first image's last pixel
      EXPECT_EQ(grid.pixels[grid.offset(2 + kHeight - 1, 2 + kWidth - 1) + channel],
                51 * levels[(channel + 1) * kHeight * kWidth - 1]);
    EXPECT_NE(slurp(directory(name) + "/results.json").find("\"coding\": \"6 levels"), std::string::npos);
  }
}

TEST_F(SampleRun, NeverOverwritesUnlessTold) {
  sample(options("a.npy"));
  SampleOptions again = options("a.npy");
  again.seed = 9;
  const std::string before = slurp(file("a.npy"));
  EXPECT_NE(message(again).find("exists already"), std::string::npos);
  EXPECT_EQ(slurp(file("a.npy")), before);
  again.overwrite = true;
  EXPECT_EQ(message(again), "");
  EXPECT_NE(slurp(file("a.npy")), before);
}

TEST_F(SampleRun, NeverWritesOverWhatItReads) {
  SampleOptions onto = options("x.npy");
  onto.model = directory() + "/best.safetensors";
  onto.output = directory() + "/samples/../best.safetensors";
  onto.overwrite = true;
  const std::string before = slurp(onto.model);
  EXPECT_NE(message(onto).find("written over what is read"), std::string::npos);
  EXPECT_EQ(slurp(onto.model), before);
}

// A checkpoint of the run, with tensors changed.
void rewrite(const std::string& path, const std::function<void(SafetensorsFile&)>& change) {
  SafetensorsFile file = read_safetensors(path);
  file.metadata.erase("checksum");  // as an older version wrote it: what is changed is looked at
  file.metadata["format"] = "pcnn 1";
  change(file);
  std::vector<TensorRef> tensors;
  for (const auto& [name, tensor] : file.tensors) tensors.push_back({name, tensor.shape, tensor.values});
  write_safetensors(path, file.metadata, tensors);
}

TEST_F(SampleRun, RefusesCheckpointsThatAreNotOfTheNetworkOrNotOfNumbers) {
  const std::string path = directory() + "/checkpoint.safetensors", whole = slurp(path);
  const auto refusal = [&](const std::function<void(SafetensorsFile&)>& change) {
    write_file_atomic(path, whole);
    rewrite(path, change);
    SampleOptions bad = options("x.png");
    bad.model = path;
    return message(bad);
  };
  EXPECT_EQ(refusal([](SafetensorsFile&) {}), "");
  fs::remove(file("x.png"));
  EXPECT_NE(refusal([](auto& f) {
              f.tensors["blocks.9.reduce.bias"] = f.tensors["input.bias"];
            }).find("of no layer"),
            std::string::npos);
  EXPECT_NE(refusal([](auto& f) {
              f.tensors.erase("average.logits.bias");
            }).find("no tensor 'average.logits.bias'"),
            std::string::npos);
  EXPECT_NE(
      refusal([](auto& f) { f.tensors["average.input.bias"].values[2] = NAN; }).find("input.bias, element 2"),
      std::string::npos);
  for (const char* image : {"", "1x6", "0x6x5", "1x6x5x", " 1x6x5", "+1x6x5", "1x6x999999"})
    EXPECT_NE(refusal([&](auto& f) { f.metadata["image"] = image; }).find("image size"), std::string::npos)
        << image;
}

TEST_F(SampleRun, SaysInOneLineWhatIsWrong) {
  const std::vector<std::uint8_t> small(4, 1), twos(kHeight * kWidth, 2);
  write_npy(file("small.npy"), {2, 2}, small);
  write_npy(file("twos.npy"), {kHeight, kWidth}, twos);
  const auto with = [&](const std::function<void(SampleOptions&)>& change) {
    SampleOptions bad = options("x.png");
    change(bad);
    const std::string text = message(bad);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_FALSE(fs::exists(bad.output));
    return text;
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  contains(with([&](auto& o) { o.model = file("nowhere"); }), "not found");
  contains(with([&](auto& o) { o.model = root_; }), "not a run of pcnn");
  contains(with([&](auto& o) { o.model = file("small.npy"); }), "not safetensors");
  contains(with([&](auto& o) { o.output = file("no/folder/x.png"); }), "no folder");
  contains(with([&](auto& o) { o.complete = file("small.npy"); }), "--mask");
  contains(with([&](auto& o) { o.mask = file("small.npy"); }), "--complete");
  contains(with([&](auto& o) { o.trace = file("t.png"); }), ".npy");
  contains(with([&](auto& o) {
             o.trace = file("./folder/../t.npy");
             o.output = file("t.npy");
           }),
           "one file");
  contains(with([&](auto& o) { o.temperature = NAN; }), "--temperature");
  contains(with([&](auto& o) {
             o.count = 70000;
             o.columns = 1;
           }),
           "up to 1000000 a side");
  contains(with([&](auto& o) { o.height = o.width = 60000; }), "dimensions");
  contains(with([&](auto& o) {
             o.complete = file("twos.npy");
             o.mask = file("twos.npy");
           }),
           "value 2 at index (0, 0), accepted: levels 0 to 1");
  contains(with([&](auto& o) {
             o.complete = file("small.npy");
             o.mask = file("twos.npy");
           }),
           "mask of 1x1x6x5");
}

}  // namespace
}  // namespace pcnn

#include "engine/run/inspect_run.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/io/png.h"
#include "engine/model/network_builder.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class InspectRun : public TinyRun {
 protected:
  [[nodiscard]] InspectOptions options() const { return {.network = config(), .threads = 2}; }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  static std::string message(const InspectOptions& options) {
    return error_of([&] { inspect(options); });
  }
  static std::string output(const InspectOptions& options) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(message(options), "");
    return testing::internal::GetCapturedStdout();
  }
  static void expect_part(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in:\n" << text;
  }
};

TEST_F(InspectRun, PrintsLayersFieldAndVerifiesAConfig) {
  const std::string text = output(options());
  expect_part(text, "parameters: 345 (");
  expect_part(text, "receptive field: 11 earlier pixels");
  expect_part(text, "  # # # # o\n  # # @ . .\n");
  expect_part(text, "with random parameters of seed 1");
  expect_part(text, "causality: verified on 30 places x the f32 inference program in ");
  expect_part(text, "causality: verified on 30 places x the f32 training program in ");
}

TEST_F(InspectRun, PrintsWhatEveryNodeComputes) {
  std::ofstream(file("residual.yaml")) << "data: {dataset: mnist, directory: /nowhere}\n"
                                       << "model: {input: {kernel: 3, filters: 4}, activation: elu, blocks: "
                                       << "{kind: residual, filters: 2}, output: {filters: []}}\n";
  InspectOptions options{.network = file("residual.yaml"), .formulas = true, .verifies = false};
  expect_part(output(options),
              "image                       = the image\n"
              "input                       = bias + 3x3A * image\n"
              "input.activation            = elu(input, 1)\n"
              "blocks.0.reduce             = bias + 1x1B * input.activation\n"
              "blocks.0.reduce.activation  = elu(blocks.0.reduce, 1)\n"
              "blocks.0.spatial            = bias + 3x3B * blocks.0.reduce.activation\n"
              "blocks.0.spatial.activation = elu(blocks.0.spatial, 1)\n"
              "blocks.0.expand             = bias + 1x1B * blocks.0.spatial.activation\n"
              "blocks.0.expand.activation  = elu(blocks.0.expand, 1)\n"
              "blocks.0                    = input.activation + blocks.0.expand.activation\n"
              "logits                      = bias + 1x1B * blocks.0\n");
  options.formulas = false;
  EXPECT_EQ(output(options).find("the image\n"), std::string::npos);
}

TEST_F(InspectRun, NeedsNoDataWhereTheSizeOfImagesIsKnown) {
  std::ofstream(file("mnist.yaml")) << "data: {dataset: mnist, directory: /nowhere}\n"
                                    << "model: {input: {kernel: 3, filters: 4}, output: {filters: 4}}\n";
  InspectOptions mnist{.network = file("mnist.yaml"), .overrides = {"model.input.filters=6"}};
  const std::string text = output(mnist);
  expect_part(text, "6x28x28");
  expect_part(text, "verified on 784 places");
  mnist.verifies = false;
  EXPECT_EQ(output(mnist).find("causality"), std::string::npos);
}

TEST_F(InspectRun, VerifiesEveryChannelOfEveryHead) {
  std::ofstream(file("colour.yaml")) << "data: {dataset: mnist, colour: true, directory: /nowhere}\n"
                                     << "model: {input: {kernel: 3, filters: 6}, output: {filters: [6]}, "
                                     << "head: softmax, levels: 4}\n";
  InspectOptions colour{.network = file("colour.yaml")};
  const std::string text = output(colour);
  expect_part(text, "each of the 3 channels also sees the channels before it");
  expect_part(text, "verified on 2,352 places");
  colour.overrides = {"model.head=logistic_mixture"};
  expect_part(output(colour), "verified on 784 places");
}

TEST_F(InspectRun, TakesTheTrainedParametersOfARunAndDoesNotNeedItsData) {
  run({.config = config()});
  fs::remove_all(root_ + "/data");
  InspectOptions trained = options();
  trained.network = directory();
  expect_part(output(trained), "with the parameters of " + directory() + "/best.safetensors");
  trained.network = directory() + "/checkpoint.safetensors";
  expect_part(output(trained), "verified on 30 places");
  trained.overrides = {"train.batch=4"};
  expect_part(message(trained), "a checkpoint keeps its config");
}

TEST_F(InspectRun, WritesTheGraphAndNeverOverwritesUnlessTold) {
  InspectOptions written = options();
  written.graph = file("graph.json");
  written.verifies = false;
  expect_part(output(written), "the graph of the network is in " + written.graph);
  const auto graph = nlohmann::json::parse(std::ifstream(written.graph));
  EXPECT_EQ(graph.at("format"), "pcnn graph 1");
  EXPECT_EQ(graph.at("image"), nlohmann::json({{"channels", 1}, {"rows", 6}, {"columns", 5}}));
  EXPECT_EQ(graph.at("parameters").at(0).at("name"), "input.weight");
  expect_part(message(written), "graph.json: exists already");
  written.graph = file("graph.txt");
  expect_part(message(written), "--graph accepts a name in .json");
  written.graph = file("graph.json");
  written.network = file("graph.json");
  expect_part(message(written), "would be written over what is read from it");
}

TEST_F(InspectRun, PrintsTheGraphAndNothingElse) {
  run({.config = config(), .verbosity = Verbosity::kQuiet});
  InspectOptions printed = options();
  printed.graph = "-";
  const std::string of_config = output(printed);
  EXPECT_EQ(nlohmann::json::parse(of_config).at("logits"), "logits");
  printed.network = directory();
  EXPECT_EQ(output(printed), of_config);
}

TEST_F(InspectRun, DrawsTheFieldAndNeverOverwritesUnlessTold) {
  InspectOptions drawn = options();
  drawn.field = file("field.png");
  drawn.scale = 4;
  drawn.verifies = false;
  expect_part(output(drawn), "field.png");
  EXPECT_EQ(read_png(drawn.field).width, 5 * 4 + 1);
  drawn.scale = 8;
  expect_part(message(drawn), "exists already");
  EXPECT_EQ(read_png(drawn.field).width, 5 * 4 + 1);
  drawn.overwrite = true;
  (void)output(drawn);
  EXPECT_EQ(read_png(drawn.field).width, 5 * 8 + 1);
}

TEST_F(InspectRun, SaysInOneLineWhatIsWrong) {
  const auto with = [&](const std::function<void(InspectOptions&)>& change) {
    InspectOptions bad = options();
    change(bad);
    testing::internal::CaptureStdout();
    const std::string text = message(bad);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "") << "told before the work";
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  };
  expect_part(with([&](auto& o) { o.network = file("nowhere"); }), "not found");
  expect_part(with([&](auto& o) { o.network = root_; }), "not a run of pcnn");
  expect_part(with([&](auto& o) { o.overrides = {"model.inptu=3"}; }), "model.inptu: unknown key");
  expect_part(with([&](auto& o) { o.field = file("field.jpg"); }), "a name in .png");
  expect_part(with([&](auto& o) { o.field = file("no/folder/field.png"); }), "no folder");
  fs::create_directories(file("folder.png"));
  expect_part(with([&](auto& o) { o.field = file("folder.png"); }), "is a folder");
  fs::copy_file(config(), file("config.png"));
  expect_part(with([&](auto& o) {
                o.network = o.field = file("config.png");
                o.overwrite = true;
              }),
              "written over what is read");
}

TEST(CheckVerification, SaysWhereANetworkLeaksAndWhichOpShowsIt) {
  NetworkBuilder builder(3, 4, 5, Activation::kRelu, 0.0f, 3);
  const Network network =
      std::move(builder).finish(builder.masked_conv("logits", 0, MaskType::kB, {3, 3}, 3));
  const CausalityCheck leaks{.places = 60,
                             .leak = CausalityLeak{.changed = {1, 2, 0}, .moved = {1, 2, 0}, .node = 1}};
  try {
    check_verification(network, leaks, "the f32 inference program");
    FAIL();
  } catch (const ComputeError& error) {
    EXPECT_EQ(error.exit_code(), 1);
    EXPECT_STREQ(
        error.what(),
        "leaks: a change of the image at row 1, column 2, channel 0 moves logits at row 1, column 2, "
        "channel 0 in the f32 inference program; the first op that shows it is 'logits' (3x3 "
        "convolution, mask B)");
  }
  EXPECT_THROW(check_verification(network, {.places = 60}, "a program"), ComputeError);
  EXPECT_NO_THROW(check_verification(network, {.places = 1}, "a program"));
  EXPECT_NO_THROW(check_verification(network, {.places = 60, .later_logits = 1}, "a program"));
}

}  // namespace
}  // namespace pcnn

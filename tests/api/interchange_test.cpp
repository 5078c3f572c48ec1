// Networks that are described to other programs, and parameters that come from them.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/api/pcnn.h"
#include "engine/core/index.h"
#include "tests/run/tiny_run.h"
#include "tests/support/text.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;
using testing::expect_contains;

class Interchange : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config(), .verbosity = Verbosity::kQuiet});
    model_ = std::make_unique<api::Model>(directory());
    for (const auto& [name, shape, values] : model_->parameters()) {
      values_.emplace_back(values.begin(), values.end());
      arrays_.push_back({name, shape, values_.back()});
    }
    for (std::size_t i = 0; i < arrays_.size(); ++i) arrays_[i].values = values_[i];
  }

  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] api::Written write(const std::string& name) const {
    return api::write_model(file(name), config(), {}, model_->shape(), arrays_);
  }
  [[nodiscard]] std::string message(const std::string& name) const {
    return error_of([&] { (void)write(name); });
  }
  void expect_nothing_else_of(const std::string& name) const {
    for (const auto& entry : fs::directory_iterator(root_))
      EXPECT_FALSE(entry.path().filename().string().starts_with(name + ".")) << entry.path();
  }
  [[nodiscard]] std::vector<double> nats_of(const std::string& path) const {
    return api::Model(path).nats({images_});
  }

  std::unique_ptr<api::Model> model_;
  std::vector<std::vector<float>> values_;
  std::vector<api::Array> arrays_;
  std::vector<api::Level> images_ = [] {
    std::vector<api::Level> levels;
    for (int i = 0; i < 3 * kHeight * kWidth; ++i) levels.push_back(i * 7 % 5 < 2);
    return levels;
  }();
};

TEST_F(Interchange, DescribesTheNetworkOfAModelAndOfItsConfig) {
  const std::string graph = model_->graph();
  EXPECT_EQ(nlohmann::json::parse(graph).at("parameters").size(), arrays_.size());
  EXPECT_EQ(api::network_graph(config()), graph);
  const auto other =
      nlohmann::json::parse(api::network_graph(config(), {"model.input.filters=6"}, {1, 9, 7}));
  EXPECT_EQ(other.at("image"), nlohmann::json({{"channels", 1}, {"rows", 9}, {"columns", 7}}));
  EXPECT_EQ(other.at("parameters").at(0).at("shape"), nlohmann::json({6, 1, 3, 3}));
}

TEST_F(Interchange, WritesAModelOfParametersFromElsewhere) {
  std::ranges::reverse(arrays_);  // in any order
  const api::Written written = write("made.safetensors");
  EXPECT_EQ(written.path, file("made.safetensors"));
  EXPECT_TRUE(written.zeroed.empty());
  EXPECT_EQ(nats_of(written.path), model_->nats({images_}));
}

TEST_F(Interchange, WritesARunThatProgramsRead) {
  const api::Written written = write("made");
  EXPECT_EQ(written.path, file("made") + "/best.safetensors");
  EXPECT_EQ(nats_of(file("made")), model_->nats({images_}));
  EXPECT_TRUE(fs::exists(file("made") + "/config.yaml"));
  expect_nothing_else_of("made");
}

TEST_F(Interchange, ZeroesWhatMasksHideAndSaysHowMany) {
  std::vector<float>& input = values_.front();  // 8 kernels of 3x3, mask A: 4 taps are live
  for (int filter = 0; filter < 8; ++filter) input[to_index(filter * 9 + 8)] = 2.0f;
  input[4] = 1.0f;
  const api::Written written = write("made.safetensors");
  ASSERT_EQ(written.zeroed.size(), 1u);
  EXPECT_EQ(written.zeroed.front(), (std::pair<std::string, std::int64_t>("input.weight", 9)));
  EXPECT_EQ(nats_of(written.path), model_->nats({images_}));
}

TEST_F(Interchange, RefusesParametersOfAnotherNetworkAndWritesNothing) {
  const std::vector<api::Array> good = arrays_;
  arrays_.pop_back();
  expect_contains(message("made"), "logits.bias: not given");
  arrays_ = good;
  arrays_.push_back({"other.weight", {1}, values_.front()});
  expect_contains(message("made"), "other.weight: given, the network of ");
  arrays_ = good;
  arrays_.push_back(good.front());
  expect_contains(message("made"), "input.weight: given twice");
  arrays_ = good;
  arrays_.front().shape = {8, 1, 9, 1};
  expect_contains(message("made"), "input.weight: found 8x1x9x1, ");
  expect_contains(message("made"), " needs 8x1x3x3");
  arrays_ = good;
  values_.front()[0] = std::numeric_limits<float>::quiet_NaN();
  expect_contains(message("made"), "input.weight: found nan, accepted: ");
  EXPECT_FALSE(fs::exists(file("made")));
  expect_nothing_else_of("made");
}

TEST_F(Interchange, WritesOverNothing) {
  std::ofstream(file("made.safetensors")) << "mine";
  fs::create_directory(file("made"));
  expect_contains(message("made.safetensors"), "exists already");
  expect_contains(message("made"), "exists already");
  EXPECT_EQ(fs::file_size(file("made.safetensors")), 4u);
  EXPECT_TRUE(fs::is_empty(file("made")));
}

}  // namespace
}  // namespace pcnn

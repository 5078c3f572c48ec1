#pragma once

// Whole runs of the engine on a made-up data set of 6x5 images.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/run/run.h"

namespace pcnn {

inline constexpr int kHeight = 6, kWidth = 5;

// Pixels are 0 or `on`.
inline void write_idx(const std::string& path, int count, int on = 255) {
  std::ofstream file(path, std::ios::binary);
  for (const int number : {0x0803, count, kHeight, kWidth})
    for (const int shift : {24, 16, 8, 0}) file.put(static_cast<char>(number >> shift));
  for (int i = 0; i < count * kHeight * kWidth; ++i)
    file.put(static_cast<char>((i * 7 + i / 30 * 3) % 5 < 2 ? on : 0));
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What pcnn says when this fails; "" where it does not.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class TinyRun : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo& info = *::testing::UnitTest::GetInstance()->current_test_info();
    // The process is in the name: two builds may test at once.
    root_ = ::testing::TempDir() + "pcnn_" + info.test_suite_name() + "_" + info.name() + "_" +
            std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/data");
    write_idx(root_ + "/data/train-images-idx3-ubyte", 50);
    write_idx(root_ + "/data/t10k-images-idx3-ubyte", 9, 254);  // or they were images of the train file
    write_config("");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write_config(const std::string& extra, const std::string& split = "validation_images: 11") {
    std::ofstream(config())
        << "name: tiny\noutput: " << root_ << "/runs\nthreads: 2\n"
        << "data: {dataset: idx, directory: " << root_ << "/data, " << split << "}\n"
        << "model: {input: {kernel: 3, filters: 8}, blocks: {repeat: 1, filters: 4}, output: {filters: 4}}\n"
        << "train: {optimiser: adam, batch: 8, epochs: 3, average: {decay: 0.5}}\n"
        << "sample: {count: 3, scale: 1}\n"
        << extra;
  }
  [[nodiscard]] std::string config() const { return root_ + "/tiny.yaml"; }
  [[nodiscard]] std::string directory(const std::string& name = "tiny") const {
    return root_ + "/runs/" + name;
  }
  [[nodiscard]] static std::string message_of(const RunOptions& options) {
    return error_of([&] { run(options); });
  }

  // Every line of metrics.jsonl, without what takes another time each time.
  [[nodiscard]] std::vector<std::string> metrics_of(const std::string& name) const {
    std::vector<std::string> lines;
    std::ifstream file(directory(name) + "/metrics.jsonl");
    for (std::string text; std::getline(file, text);) {
      auto line = nlohmann::json::parse(text);
      line.erase("seconds");
      line.erase("images_per_second");
      lines.push_back(line.dump());
    }
    return lines;
  }

  std::string root_;
};

}  // namespace pcnn

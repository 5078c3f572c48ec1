#include "engine/run/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

class Metrics : public testing::Test {
 protected:
  // Windows of two steps, epochs of five: 2, 4, 5 (epoch 1), 6, 8, 10, 10 (epoch 2).
  void SetUp() override {
    for (std::int64_t step = 1; step <= 10; ++step) {
      if (step % 2 == 0)
        append_metrics(path_, WindowMetrics{.epoch = static_cast<double>(step) / 5.0,
                                            .step = step,
                                            .steps = 2,
                                            .train_nats_per_dim = 1.0 / static_cast<double>(step)});
      if (step % 5 == 0) append_metrics(path_, EpochMetrics{.epoch = step / 5, .step = step});
    }
  }
  [[nodiscard]] std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> steps;
    for (const WindowMetrics& window : read_windows(path_)) steps.push_back(window.step);
    return steps;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("metrics.jsonl");
};

TEST_F(Metrics, OfEpochsAndWindowsAreToldApart) {
  EXPECT_EQ(read_metrics(path_).size(), 2u);
  const std::vector<WindowMetrics> windows = read_windows(path_);
  ASSERT_EQ(windows.size(), 5u);
  EXPECT_EQ(windows[3].epoch, 1.6);
  EXPECT_EQ(windows[3].steps, 2);
  EXPECT_EQ(windows[2].train_nats_per_dim, 1.0 / 6.0) << "to the last bit";
  EXPECT_TRUE(read_windows(directory_.file("none")).empty());
}

TEST_F(Metrics, AfterACheckpointAreDroppedAndTheOthersStayAsTheyAre) {
  const std::string before = read_text_file(path_);
  drop_metrics_after(path_, {.epoch = 10, .window = 10});
  EXPECT_EQ(read_text_file(path_), before);
  // The window that ends with an open epoch is written before its checkpoint, the line of the epoch after it.
  drop_metrics_after(path_, {.epoch = 9, .window = 10});
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{2, 4, 6, 8, 10}));
  EXPECT_EQ(read_metrics(path_).size(), 1u);
  drop_metrics_after(path_, {.epoch = 7, .window = 7});
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{2, 4, 6}));
  EXPECT_TRUE(before.starts_with(read_text_file(path_)));
  append_bytes(path_, "{\"kind\":\"window\",\"st");
  drop_metrics_after(path_, {.epoch = 4, .window = 4});
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{2, 4}));
}

TEST_F(Metrics, ThatAreNoJsonAreRefusedWithTheirPlace) {
  const std::size_t size = read_text_file(path_).size();
  append_line(path_, "not json");
  try {
    (void)read_metrics(path_);
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find("byte " + std::to_string(size)), std::string::npos);
  }
}

TEST_F(Metrics, OfManyWindowsAreDrawnAsAThousandPointsAtMost) {
  std::vector<WindowMetrics> windows;
  for (int i = 1; i <= 25000; ++i)
    windows.push_back({.epoch = 0.001 * i, .steps = 1, .train_nats_per_dim = i % 2 == 0 ? 1.0 : 3.0});
  const std::string svg = draw_curves("t", {}, windows);
  const std::size_t at = svg.find("<polyline points=\"");
  const std::string points = svg.substr(at, svg.find("fill", at) - at);
  EXPECT_LE(std::ranges::count(points, ','), 1000);
  EXPECT_GT(std::ranges::count(points, ','), 500);
}

}  // namespace
}  // namespace pcnn

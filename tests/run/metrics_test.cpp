#include "engine/run/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>

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
    for (const WindowMetrics& window : read_metrics_log(path_).windows) steps.push_back(window.step);
    return steps;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("metrics.jsonl");
};

TEST_F(Metrics, OfEpochsAndWindowsAreToldApart) {
  EXPECT_EQ(read_metrics_log(path_).epochs.size(), 2u);
  const std::vector<WindowMetrics> windows = read_metrics_log(path_).windows;
  ASSERT_EQ(windows.size(), 5u);
  EXPECT_EQ(windows[3].epoch, 1.6);
  EXPECT_EQ(windows[3].steps, 2);
  EXPECT_EQ(windows[2].train_nats_per_dim, 1.0 / 6.0) << "to the last bit";
  EXPECT_TRUE(read_metrics_log(directory_.file("none")).windows.empty());
}

TEST_F(Metrics, AfterACheckpointAreDroppedAndTheOthersStayAsTheyAre) {
  const std::string before = read_text_file(path_);
  drop_metrics_after(path_, {.epoch = 10, .window = 10});
  EXPECT_EQ(read_text_file(path_), before);
  // The window that ends with an open epoch is written before its checkpoint, the line of the epoch after it.
  drop_metrics_after(path_, {.epoch = 9, .window = 10});
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{2, 4, 6, 8, 10}));
  EXPECT_EQ(read_metrics_log(path_).epochs.size(), 1u);
  drop_metrics_after(path_, {.epoch = 7, .window = 7});
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{2, 4, 6}));
  EXPECT_TRUE(before.starts_with(read_text_file(path_)));
  append_bytes(path_, "{\"kind\":\"window\",\"st");
  drop_metrics_after(path_, {.epoch = 4, .window = 4});
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{2, 4}));
}

TEST_F(Metrics, ThatCannotBeReadArePassedOverAndCounted) {
  const std::string good = read_text_file(path_);
  const std::string lines =
      "not json\n"
      "{\"epoch\":1,\"step\":5,\"images\":0,\"seconds\":0,\"images_per_second\":0,\"train_nats_per_dim\":1,"
      "\"validation_nats_per_dim\":null,\"learning_rate\":1,\"grad_norm\":1}\n"
      "{\"kind\":\"window\",\"epoch\":1e999,\"step\":1e300}\n"
      "[]\n";
  write_file_atomic(path_, lines + good + "{\"epoch\":3,\"st");
  const MetricsLog log = read_metrics_log(path_);
  EXPECT_EQ(log.epochs.size(), 2u);
  EXPECT_EQ(log.windows.size(), 5u);
  EXPECT_EQ(note_on(path_, log.unread), path_ + ": line 1 and 3 more cannot be read and are passed over");
  EXPECT_EQ(note_on(path_, {.count = 1, .first = 7}), path_ + ": line 7 cannot be read and is passed over");
  EXPECT_EQ(note_on(path_, {}), "");
  // A run that goes on keeps them, but what is known to come after its checkpoint.
  drop_metrics_after(path_, {.epoch = 10, .window = 10});
  EXPECT_EQ(read_text_file(path_), lines + good);
  drop_metrics_after(path_, {.epoch = 0, .window = 0});
  EXPECT_EQ(std::ranges::count(read_text_file(path_), '\n'), 3) << read_text_file(path_);
}

TEST_F(Metrics, WhoseLinesAreLostAreMissed) {
  const std::vector<EpochMetrics> epochs{{.epoch = 3}, {.epoch = 5}, {.epoch = 5}};
  EXPECT_EQ(note_on_missing(path_, epochs, 5),
            path_ + ": has no line of 3 of the epochs 1 to 5, the first of them 1");
  EXPECT_EQ(note_on_missing(path_, {}, 1),
            path_ + ": has no line of 1 of the epochs 1 to 1, the first of them 1");
  EXPECT_EQ(note_on_missing(path_, {{.epoch = 1}, {.epoch = 2}, {.epoch = 3}}, 2), "");
  EXPECT_EQ(note_on_missing(path_, {}, 0), "");
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

#include "engine/io/safetensors.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <stdexcept>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "tests/io/temporary_directory.h"
#include "tests/support/cpu_time.h"

namespace pcnn {
namespace {

TEST(Safetensors, WritesTheseBytes) {
  const TemporaryDirectory directory;
  const std::vector<float> values{1.0F, -2.0F};
  const std::vector<TensorRef> tensors{{"w", {2, 1}, values}};
  write_safetensors(directory.file("a"), {{"format", "pt"}}, tensors);

  std::string expected("\x58\0\0\0\0\0\0\0", 8);
  expected += R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}} )";
  expected += std::string("\0\0\x80\x3f\0\0\0\xc0", 8);
  EXPECT_EQ(read_text_file(directory.file("a")), expected);
}

TEST(Safetensors, RandomTensorsComeBackAsWritten) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 50; ++trial) {
    const TemporaryDirectory directory;
    std::vector<std::vector<float>> values(random() % 6);
    std::vector<TensorRef> tensors;
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::vector<std::int64_t> shape(random() % 5);
      std::size_t count = 1;
      for (std::int64_t& extent : shape) count *= static_cast<std::size_t>(extent = random() % 5);
      values[i].resize(count);
      for (float& value : values[i]) value = static_cast<float>(random()) / 1e6F - 2e3F;
      tensors.push_back({"blocks." + std::to_string(9 - i) + ".weight", shape, values[i]});
    }
    const std::map<std::string, std::string> metadata{{"trial", std::to_string(trial)}, {"é\n\"", ""}};
    write_safetensors(directory.file("a"), metadata, tensors);

    const SafetensorsFile file = read_safetensors(directory.file("a"));
    EXPECT_EQ(file.metadata, metadata);
    ASSERT_EQ(file.tensors.size(), tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_EQ(file.tensors.at(tensors[i].name).shape, tensors[i].shape);
      EXPECT_EQ(file.tensors.at(tensors[i].name).values, values[i]);
    }
  }
}

TEST(Safetensors, KeepsTheBitsOfEveryFloat) {
  const TemporaryDirectory directory;
  using Limits = std::numeric_limits<float>;
  const std::vector<float> values{std::bit_cast<float>(0x7fc12345U),
                                  std::bit_cast<float>(0xffc00001U),
                                  Limits::infinity(),
                                  -Limits::infinity(),
                                  -0.0F,
                                  Limits::denorm_min()};
  const std::vector<TensorRef> tensors{{"w", {6}, values}};
  write_safetensors(directory.file("a"), {}, tensors);
  const std::vector<float> read = read_safetensors(directory.file("a")).tensors.at("w").values;
  ASSERT_EQ(read.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint32_t>(read[i]), std::bit_cast<std::uint32_t>(values[i]));
}

TEST(Safetensors, DataStartsAtAMultipleOfEight) {
  const TemporaryDirectory directory;
  for (std::size_t length = 1; length <= 9; ++length) {
    const float value = 1.0F;
    const std::vector<TensorRef> tensors{{std::string(length, 'n'), {}, {&value, 1}}};
    write_safetensors(directory.file("a"), {}, tensors);
    EXPECT_EQ((read_file(directory.file("a")).size() - sizeof(float)) % 8, 0U);
  }
}

TEST(Safetensors, WritesTheSameBytesForTheSameContent) {
  const TemporaryDirectory directory;
  const std::vector<float> values{1.0F, 2.0F, 3.0F};
  const std::vector<TensorRef> tensors{{"b", {3}, values}, {"a", {1, 3}, values}};
  for (const char* name : {"1", "2"})
    write_safetensors(directory.file(name), {{"k", "v"}, {"a", "b"}}, tensors);
  EXPECT_EQ(read_file(directory.file("1")), read_file(directory.file("2")));
}

TEST(Safetensors, AFileOfNoTensorsIsFine) {
  const TemporaryDirectory directory;
  write_safetensors(directory.file("a"), {}, {});
  const SafetensorsFile file = read_safetensors(directory.file("a"));
  EXPECT_TRUE(file.tensors.empty());
  EXPECT_TRUE(file.metadata.empty());
}

// Linear work takes half a second each way; work that grows with the square of the tensors, minutes.
TEST(Safetensors, ManyTensorsTakeTimeByTheirNumber) {
  constexpr int kTensors = 100'000;
  const TemporaryDirectory directory;
  const std::vector<float> values(kTensors, 0.5F);
  std::vector<TensorRef> tensors;
  for (int i = 0; i < kTensors; ++i)
    tensors.push_back({"blocks." + std::to_string(i) + ".bias", {1}, std::span(values).subspan(0, 1)});
  const double writing = testing::cpu_seconds([&] {
    write_safetensors(directory.file("a"), {{"format", "x"}}, tensors);
  });
  SafetensorsFile file;
  const double reading = testing::cpu_seconds([&] { file = read_safetensors(directory.file("a")); });
  EXPECT_EQ(file.tensors.size(), tensors.size());
  std::printf("%d tensors: %.2f s of CPU to write, %.2f s to read\n", kTensors, writing, reading);
  EXPECT_LT(writing, 20.0);
  EXPECT_LT(reading, 20.0);
}

TEST(Safetensors, RefusesToWriteWhatItCouldNotRead) {
  const TemporaryDirectory directory;
  const std::vector<float> values{1.0F, 2.0F};
  const auto refuses = [&](const std::vector<TensorRef>& tensors,
                           const std::map<std::string, std::string>& metadata = {}) {
    EXPECT_THROW(write_safetensors(directory.file("a"), metadata, tensors), std::invalid_argument);
    EXPECT_EQ(directory.file_count(), 0U);
  };
  refuses({{"w", {2}, values}, {"w", {2}, values}});
  refuses({{"__metadata__", {2}, values}});
  refuses({{"w", {3}, values}});
  refuses({{"w", {-2}, values}});
  refuses({{"w", {}, values}});
  refuses({{"w", {std::int64_t{1} << 62, 8}, {}}});
  refuses({{"\xff", {2}, values}});
  refuses({}, {{"note", "\xff"}});
}

}  // namespace
}  // namespace pcnn

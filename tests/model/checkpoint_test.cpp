#include "engine/model/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "tests/io/temporary_directory.h"
#include "tests/support/cpu_time.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

Network network_of(int filters, int blocks) {
  ModelConfig config;
  config.input_kernel = {3, 5};
  config.input_filters = 4;
  config.blocks = {{blocks, ResidualBlockConfig{{3, 3}, filters}}};
  config.output_filters = {};
  return build_network(config, 1, 6, 6);
}

std::vector<std::uint32_t> bits_of(std::span<const float> values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

TEST(Checkpoint, GivesBackEveryBufferBitForBit) {
  const TemporaryDirectory directory;
  const Network network = network_of(3, 2);
  testing::Random random(1);
  std::vector<float> parameters = testing::random_parameters(random, network), average = parameters;
  for (float& value : average) value *= 0.5f;
  const std::vector<float> odd{
      -0.0f,     std::numeric_limits<float>::denorm_min(), INFINITY,
      -INFINITY, std::bit_cast<float>(0x7FC01234u),        std::numeric_limits<float>::max()};
  std::ranges::copy(odd, parameters.begin());

  const std::vector<NamedBuffer> buffers{{"", parameters}, {"average", average}};
  write_checkpoint(directory.file("a"), network, buffers, {{"step", "12"}, {"note", "two\nlines"}});
  const Checkpoint checkpoint = Checkpoint::read(directory.file("a"));
  EXPECT_EQ(checkpoint.metadata("format"), "pcnn 2");
  EXPECT_EQ(checkpoint.metadata("step"), "12");
  EXPECT_EQ(checkpoint.metadata("note"), "two\nlines");
  for (const NamedBuffer& buffer : buffers) {
    std::vector<float> read(network.parameter_count(), -1.0f);
    checkpoint.copy(network, buffer.name, read);
    EXPECT_EQ(bits_of(read), bits_of(buffer.values)) << buffer.name;
  }
}

TEST(Checkpoint, StoresEachParameterUnderItsNameInOihw) {
  const TemporaryDirectory directory;
  const Network network = network_of(3, 1);
  testing::Random random(2);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  write_checkpoint(directory.file("a"), network, std::vector<NamedBuffer>{{"momentum", parameters}}, {});
  const SafetensorsFile file = read_safetensors(directory.file("a"));
  EXPECT_EQ(file.tensors.size(), network.parameters.size());
  const Tensor& kernel = file.tensors.at("momentum.blocks.0.spatial.weight");
  EXPECT_EQ(kernel.shape, (std::vector<std::int64_t>{3, 3, 3, 3}));
  const auto spatial = std::ranges::find(network.parameters, "blocks.0.spatial.weight", &Parameter::name);
  EXPECT_EQ(kernel.values.front(), parameters[spatial->offset]);
  EXPECT_EQ(kernel.values.back(), parameters[spatial->offset + spatial->size - 1]);
}

TEST(Checkpoint, RefusesTheFileOfAnotherNetworkAndNamesTheTensor) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  const Network network = network_of(3, 2);
  const std::vector<float> parameters(network.parameter_count(), 1.0f);
  write_checkpoint(path, network, std::vector<NamedBuffer>{{"", parameters}}, {});
  const Checkpoint checkpoint = Checkpoint::read(path);
  const auto error_with = [&](const Network& other, const std::string& buffer) {
    std::vector<float> values(other.parameter_count());
    return error_of<FormatError>([&] { checkpoint.copy(other, buffer, values); });
  };

  const std::string wider = error_with(network_of(5, 2), "");
  EXPECT_NE(wider.find("'blocks.0.reduce.weight' is 3x4x1x1, the network's is 5x4x1x1"), std::string::npos)
      << wider;
  const std::string deeper = error_with(network_of(3, 3), "");
  EXPECT_NE(deeper.find("'blocks.2.reduce.weight'"), std::string::npos) << deeper;
  const std::string buffer = error_with(network, "average");
  EXPECT_NE(buffer.find("'average.input.weight'"), std::string::npos) << buffer;
  for (const std::string& message : {wider, deeper, buffer}) EXPECT_EQ(message.find(path), 0u) << message;
}

TEST(Checkpoint, RefusesAFileWithoutItsMetadata) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  write_safetensors(path, {}, {});
  const std::string none = error_of<FormatError>([&] { Checkpoint::read(path); });
  EXPECT_NE(none.find("'format'"), std::string::npos) << none;
  write_safetensors(path, {{"format", "pcnn 3"}}, {});
  const std::string later = error_of<FormatError>([&] { Checkpoint::read(path); });
  EXPECT_NE(later.find("'pcnn 3'"), std::string::npos) << later;
  EXPECT_NE(later.find("'pcnn 2'"), std::string::npos) << later;

  write_checkpoint(path, network_of(1, 0), {}, {});
  const Checkpoint checkpoint = Checkpoint::read(path);
  const std::string key = error_of<FormatError>([&] { (void)checkpoint.metadata("step"); });
  EXPECT_NE(key.find("'step'"), std::string::npos) << key;
  EXPECT_THROW(Checkpoint::read(directory.file("missing")), FileError);
}

// A network the config allows. What compares every tensor with every parameter takes a minute.
TEST(Checkpoint, AThousandBlocksTakeTimeByTheirNumber) {
  const TemporaryDirectory directory;
  const Network network = network_of(1, 1000);
  const std::vector<float> parameters(network.parameter_count(), 1.0f);
  const std::vector<NamedBuffer> buffers{
      {"", parameters}, {"optimiser.first_moment", parameters}, {"optimiser.second_moment", parameters}};
  const double writing =
      testing::cpu_seconds([&] { write_checkpoint(directory.file("a"), network, buffers, {}); });
  std::vector<float> values(network.parameter_count());
  const double reading = testing::cpu_seconds([&] {
    const Checkpoint checkpoint = Checkpoint::read(directory.file("a"));
    for (const NamedBuffer& buffer : buffers) checkpoint.copy(network, buffer.name, values);
  });
  EXPECT_EQ(values, parameters);
  std::printf("1,000 blocks: %.2f s of CPU to write, %.2f s to read\n", writing, reading);
  EXPECT_LT(writing, 3.0);
  EXPECT_LT(reading, 3.0);
}

// Any byte of the data, and any of the header that it is read from.
TEST(Checkpoint, NoticesEveryFlippedByte) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  const Network network = network_of(2, 1);
  testing::Random random(8);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  const std::vector<NamedBuffer> buffers{{"", parameters}};
  write_checkpoint(path, network, buffers, {{"config", "name: x"}});
  const std::vector<std::byte> good = read_file(path);
  for (int round = 0; round < 400; ++round) {
    std::vector<std::byte> bad = good;
    const auto at = static_cast<std::size_t>(random.between(0, static_cast<int>(bad.size()) - 1));
    if (bad[at] == std::byte{' '}) continue;  // padding: other blanks say the same
    bad[at] ^= static_cast<std::byte>(1 << random.between(0, 7));
    write_file_atomic(path, bad);
    EXPECT_THROW((void)Checkpoint::read(path), FormatError) << "byte " << at;
  }
  for (int round = 0; round < 100; ++round) {
    const auto length = static_cast<std::size_t>(random.between(0, static_cast<int>(good.size()) - 1));
    write_file_atomic(path, std::span(good).first(length));
    EXPECT_THROW((void)Checkpoint::read(path), FormatError) << "cut to " << length;
  }
  write_file_atomic(path, good);
  EXPECT_NO_THROW((void)Checkpoint::read(path));
}

}  // namespace
}  // namespace pcnn

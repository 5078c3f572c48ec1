#include "engine/ranks/few_values.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/core/error.h"

namespace pcnn {
namespace {

// The bytes of the message, once it gave back the bits of the values.
std::size_t bytes_of(const std::vector<float>& values) {
  const Workers workers(2);
  MessageWriter message;
  message.put(true);  // so that what follows is aligned to nothing
  put_few_values(message, values, workers);
  message.put(17);
  MessageReader reader({message.bytes().begin(), message.bytes().end()});
  EXPECT_TRUE(reader.get<bool>());
  const FewValues read(reader);
  EXPECT_EQ(reader.get<int>(), 17);
  const std::vector<float> all = read.all();
  EXPECT_EQ(all.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint32_t>(all[i]), std::bit_cast<std::uint32_t>(values[i])) << i;
  if (values.size() > 9) {
    std::vector<float> some(3);
    read.copy(5, some);
    for (std::size_t i = 0; i < some.size(); ++i)
      EXPECT_EQ(std::bit_cast<std::uint32_t>(some[i]), std::bit_cast<std::uint32_t>(values[5 + i]));
  }
  return message.bytes().size();
}

std::vector<float> levels(std::size_t count, int different) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(i * 7 % static_cast<std::size_t>(different)) / 127.5f - 1.0f;
  return values;
}

TEST(FewValues, TakeAByteEach) {
  constexpr std::size_t kCount = 100000;
  EXPECT_LT(bytes_of(levels(kCount, 2)), kCount + 100);
  EXPECT_LT(bytes_of(levels(kCount, 256)), kCount + 1100);
}

TEST(FewValues, TakeFourWhereTheyAreNotFew) {
  constexpr std::size_t kCount = 100000;
  EXPECT_GE(bytes_of(levels(kCount, 257)), 4 * kCount);
  EXPECT_LT(bytes_of(levels(kCount, 257)), 4 * kCount + 100);
}

TEST(FewValues, KeepEveryBit) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  (void)bytes_of(
      {0.0f, -0.0f, nan, std::bit_cast<float>(0x7fc00001u), 1.0f, -0.0f, -nan, 1e-42f, 0.0f, 1.0f, 2.0f});
  (void)bytes_of({});
  (void)bytes_of({3.0f});
}

TEST(FewValues, OfADamagedMessageReachNoOtherMemory) {
  const Workers workers(1);
  MessageWriter message;
  put_few_values(message, levels(100, 2), workers);
  Bytes bytes(message.bytes().begin(), message.bytes().end());
  bytes.back() = std::byte{200};
  MessageReader reader(bytes);
  EXPECT_EQ(FewValues(reader).all().back(), 0.0f);
  MessageReader cut({message.bytes().begin(), message.bytes().end() - 5});
  EXPECT_THROW(FewValues{cut}, Error);
}

}  // namespace
}  // namespace pcnn

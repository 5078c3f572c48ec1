#include "engine/io/event_file.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>

#include "engine/io/checksum.h"
#include "engine/io/file.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

TEST(Crc32c, AgreesWithThePublishedVectors) {
  const auto sum = [](const std::string& text) { return crc32c(std::as_bytes(std::span(text))); };
  EXPECT_EQ(sum("123456789"), 0xe3069283u);
  EXPECT_EQ(sum(""), 0u);
  // RFC 3720, appendix B.4.
  EXPECT_EQ(sum(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(sum(std::string(32, '\xff')), 0x62a8ab43u);
  std::string rising;
  for (char i = 0; i < 32; ++i) rising += i;
  EXPECT_EQ(sum(rising), 0x46dd794eu);
}

// Cuts a file into the data of its records, checking lengths and sums by the description in the header.
std::vector<std::string> records_of(const std::string& path) {
  const std::string file = read_text_file(path);
  const auto number = [&](std::size_t at, auto value) {
    std::memcpy(&value, file.data() + at, sizeof(value));
    return value;
  };
  const auto masked = [&](std::size_t at, std::size_t size) {
    const std::uint32_t sum = crc32c(std::as_bytes(std::span(file).subspan(at, size)));
    return static_cast<std::uint32_t>(((sum >> 15) | (sum << 17)) + 0xa282ead8u);
  };
  std::vector<std::string> records;
  std::size_t at = 0;
  while (at + 16 <= file.size()) {
    const std::size_t size = number(at, std::uint64_t{});
    EXPECT_EQ(number(at + 8, std::uint32_t{}), masked(at, 8));
    if (size > file.size() - at - 16) break;
    EXPECT_EQ(number(at + 12 + size, std::uint32_t{}), masked(at + 12, size));
    records.push_back(file.substr(at + 12, size));
    at += 16 + size;
  }
  EXPECT_EQ(at, file.size()) << "whole records and nothing else";
  return records;
}

TEST(EventFile, WritesRecordsWithTheirSums) {
  const TemporaryDirectory directory;
  EventFile events(directory.file(""), 41);
  const std::array<std::pair<std::string, double>, 2> values{{{"loss", 0.25}, {"rate", -2.0}}};
  events.scalars(42, values);
  events.image(43, "samples", "PNG bytes", 300, 5, 3);
  events.text(44, "config", "name: x");
  const std::vector<std::string> records = records_of(events.path());
  ASSERT_EQ(records.size(), 5u);
  EXPECT_EQ(records[0].substr(11),
            "\x1a\x0d"
            "brain.Event:2");
  // After wall time and step: summary { value { tag simple_value } value { ... } }.
  EXPECT_EQ(records[2].substr(9), std::string("\x10\x2a\x2a\x1a"
                                              "\x0a\x0b\x0a\x04loss\x15\0\0\x80\x3e"
                                              "\x0a\x0b\x0a\x04rate\x15\0\0\0\xc0",
                                              30));
  // image { height width colorspace encoded_image_string }; 300 takes two bytes.
  EXPECT_NE(records[3].find(std::string("\x08\x05\x10\xac\x02\x18\x03\x22\x09PNG bytes")), std::string::npos);
  EXPECT_NE(records[4].find("name: x"), std::string::npos);
}

TEST(EventFile, NeverTakesTheNameOfAnother) {
  const TemporaryDirectory directory;
  const EventFile first(directory.file(""), 0), second(directory.file(""), 0);
  EXPECT_NE(first.path(), second.path());
}

}  // namespace
}  // namespace pcnn

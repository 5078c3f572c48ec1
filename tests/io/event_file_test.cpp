#include "engine/io/event_file.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "engine/io/checksum.h"
#include "engine/io/file.h"
#include "tests/io/event_records.h"
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

TEST(EventFile, WritesHyperParametersAsThePluginReadsThem) {
  const TemporaryDirectory directory;
  EventFile events(directory.file(""), 0);
  const std::array<std::pair<std::string, EventFile::Value>, 3> values{
      {{"rate", 0.5}, {"kind", "adam"}, {"warm", true}}};
  events.hyper_parameters(0, "tiny", values);
  events.success(7);
  const std::vector<std::string> records = records_of(events.path());
  ASSERT_EQ(records.size(), 4u);
  // map<string, google.protobuf.Value>: key, then number_value, string_value or bool_value.
  for (const std::string& entry : {std::string("\x0a\x11\x0a\x04rate\x12\x09\x11\0\0\0\0\0\0\xe0\x3f", 19),
                                   std::string("\x0a\x0e\x0a\x04kind\x12\x06\x1a\x04"
                                               "adam"),
                                   std::string("\x0a\x0a\x0a\x04warm\x12\x02\x20\x01"),
                                   std::string("\x22\x04tiny"), std::string("\x0a\x07hparams")})
    EXPECT_NE(records[2].find(entry), std::string::npos) << entry;
  EXPECT_NE(records[2].find("_hparams_/session_start_info"), std::string::npos);
  EXPECT_NE(records[3].find("_hparams_/session_end_info"), std::string::npos);
  EXPECT_NE(records[3].find("\x22\x0b\x08\x01\x11"), std::string::npos) << "status: success";
}

TEST(EventFile, TakesANameAfterThoseThatAreThere) {
  const TemporaryDirectory directory;
  const std::string later = directory.file("events.out.tfevents.9000000000.host.1");
  std::ofstream(later) << "x";
  const EventFile events(directory.file(""), 0);
  EXPECT_GT(std::filesystem::path(events.path()).filename().string(),
            std::filesystem::path(later).filename().string());
}

TEST(EventFile, NeverTakesTheNameOfAnother) {
  const TemporaryDirectory directory;
  const EventFile first(directory.file(""), 0), second(directory.file(""), 0);
  EXPECT_NE(first.path(), second.path());
}

}  // namespace
}  // namespace pcnn

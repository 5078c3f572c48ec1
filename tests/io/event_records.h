#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/io/checksum.h"
#include "engine/io/file.h"

namespace pcnn {

// Cuts a file into the data of its records, checking lengths and sums by the description in the header.
inline std::vector<std::string> records_of(const std::string& path) {
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

}  // namespace pcnn

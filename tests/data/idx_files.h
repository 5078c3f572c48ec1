#pragma once

// Made-up IDX files for the tests of the data room.

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace pcnn {

using Bytes = std::vector<std::uint8_t>;

// An empty directory of the running test.
inline std::string scratch_directory() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto directory = std::filesystem::path(::testing::TempDir()) /
                         ("pcnn_data_" + std::string(test->test_suite_name()) + "." + test->name());
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory.string();
}

inline void append_uint32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

inline Bytes idx_header(std::uint32_t images, std::uint32_t rows, std::uint32_t columns) {
  Bytes bytes = {0, 0, 8, 3};
  for (const std::uint32_t dim : {images, rows, columns}) append_uint32(bytes, dim);
  return bytes;
}

// Pixel values from a seeded generator.
inline Bytes idx_file(std::uint32_t images, std::uint32_t rows, std::uint32_t columns, unsigned seed = 1) {
  Bytes bytes = idx_header(images, rows, columns);
  std::mt19937 random(seed);
  for (std::uint64_t i = 0; i < std::uint64_t{images} * rows * columns; ++i)
    bytes.push_back(static_cast<std::uint8_t>(random()));
  return bytes;
}

// One gzip member.
inline Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes packed(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// From byte `first` on, as an image set holds them.
inline std::vector<std::uint16_t> pixels_from(const Bytes& bytes, std::size_t first) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.end()};
}

// Returns the path.
inline std::string write_bytes(const std::string& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(file.good()) << path;
  return path;
}

// The message of the error of type E that `action` throws.
template <typename E, typename Action>
std::string message_of(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const E& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace pcnn

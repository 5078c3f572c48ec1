#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/safetensors.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

std::string length_field(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

std::string with_header(const std::string& header, std::size_t data_bytes) {
  return length_field(header.size()) + header + std::string(data_bytes, '\0');
}

// What follows the path in the message of the FormatError.
std::string refusal(const std::string& bytes) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  std::ofstream(path, std::ios::binary) << bytes;  // does not sync: this is often
  const std::string message = error_of<FormatError>([&] { (void)read_safetensors(path); });
  EXPECT_EQ(message.substr(0, path.size() + 2), path + ": ");
  EXPECT_EQ(message.find('\n'), std::string::npos);
  return message.size() < path.size() + 2 ? message : message.substr(path.size() + 2);
}

std::string refusal(const std::string& header, std::size_t data_bytes) {
  return refusal(with_header(header, data_bytes));
}

TEST(Safetensors, RefusesAFileShorterThanItsFirstField) {
  EXPECT_EQ(refusal(""), "byte 0: ends inside the header's length");
  EXPECT_EQ(refusal("1234567"), "byte 7: ends inside the header's length");
}

TEST(Safetensors, RefusesAHeaderLongerThanTheFile) {
  EXPECT_EQ(refusal(length_field(3) + "{}"),
            "byte 0: a header of 3 bytes in a file of 10: not safetensors, or cut short");
  EXPECT_EQ(refusal(length_field(~std::uint64_t{0}) + "{}"),
            "byte 0: a header of 18446744073709551615 bytes in a file of 10: not safetensors, or cut short");
}

TEST(Safetensors, RefusesAHeaderAboveTheFormatsLimit) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  write_file_atomic(path, length_field(100'000'001) + "{}");
  std::filesystem::resize_file(path, 100'000'100);  // sparse: takes no room
  EXPECT_EQ(
      error_of<FormatError>([&] { (void)read_safetensors(path); }),
      path + ": byte 0: a header of 100000001 bytes in a file of 100000100: not safetensors, or cut short");
}

TEST(Safetensors, RefusesAHeaderThatIsNotAJsonObject) {
  EXPECT_EQ(refusal("", 0), "byte 8: the header does not begin with {");
  EXPECT_EQ(refusal("[]", 0), "byte 8: the header does not begin with {");
  EXPECT_EQ(refusal(" {}", 0), "byte 8: the header does not begin with {");
  EXPECT_EQ(refusal(R"({"w" 1})", 0), "byte 13: the header is not JSON");
  EXPECT_EQ(refusal("{} {}", 0), "byte 11: the header is not JSON");
  EXPECT_EQ(refusal("{\"\xff\": 1}", 0), "byte 10: the header is not JSON");
  EXPECT_EQ(refusal(R"({"w": 1e999})", 0), "byte 8: the header holds a number that is out of range");
}

TEST(Safetensors, RefusesDeepHeadersBeforeTheyTakeMemory) {
  EXPECT_EQ(refusal("{\"w\": " + std::string(1'000'000, '['), 0),
            "byte 8: the header is nested deeper than tensors are");
}

TEST(Safetensors, RefusesAKeyTwice) {
  const std::string w = R"("w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_EQ(refusal("{" + w + "," + w + "}", 4), R"(byte 8: the header has the key "w" twice)");
  EXPECT_EQ(refusal(R"({"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4),
            R"(byte 8: the header has the key "shape" twice)");
  EXPECT_EQ(refusal(R"({"__metadata__":{"a":"1","a":"2"}})", 0),
            R"(byte 8: the header has the key "a" twice)");
}

TEST(Safetensors, RefusesMetadataThatIsNotAMapOfStrings) {
  for (const char* header :
       {R"({"__metadata__":1})", R"({"__metadata__":["a"]})", R"({"__metadata__":{"a":1}})"})
    EXPECT_EQ(refusal(header, 0), "byte 8: __metadata__ is not a map of strings");
}

TEST(Safetensors, RefusesOtherDtypesByTensorAndName) {
  EXPECT_EQ(refusal(R"({"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})", 4),
            R"(byte 8: tensor "w": dtype is "BF16", accepted: "F32")");
  EXPECT_EQ(refusal(R"({"w\n":{"shape":[1],"data_offsets":[0,4]}})", 4),
            R"(byte 8: tensor "w\n": dtype is null, accepted: "F32")");
}

TEST(Safetensors, RefusesEntriesOfTheWrongKind) {
  EXPECT_EQ(refusal(R"({"w":1})", 0), R"(byte 8: tensor "w": not a map of dtype, shape and data_offsets)");
  for (const char* shape : {R"("shape":[-1],)", R"("shape":[1.0],)", R"("shape":["1"],)", R"("shape":1,)",
                            R"("shape":{"a":1},)", R"("shape":[9223372036854775808],)", ""})
    EXPECT_EQ(refusal(std::string(R"({"w":{"dtype":"F32",)") + shape + R"("data_offsets":[0,4]}})", 4),
              R"(byte 8: tensor "w": shape is not a list of whole numbers)");
  for (const char* offsets :
       {R"(,"data_offsets":[0])", R"(,"data_offsets":[0,4,8])", R"(,"data_offsets":[-4,0])",
        R"(,"data_offsets":[0,4.5])", R"(,"data_offsets":{"a":0,"b":4})", ""})
    EXPECT_EQ(refusal(std::string(R"({"w":{"dtype":"F32","shape":[1])") + offsets + "}}", 4),
              R"(byte 8: tensor "w": data_offsets is not [begin, end])");
}

TEST(Safetensors, RefusesOffsetsBeyondTheFile) {
  EXPECT_EQ(refusal(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7),
            R"(byte 8: tensor "w": data_offsets [0, 8] lie outside the file's 7 bytes of data)");
  EXPECT_EQ(refusal(R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[8,4]}})", 8),
            R"(byte 8: tensor "w": data_offsets [8, 4] lie outside the file's 8 bytes of data)");
  (void)refusal(
      R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]}})", 4);
}

TEST(Safetensors, RefusesAShapeThatDoesNotFitItsData) {
  EXPECT_EQ(refusal(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8),
            R"(byte 8: tensor "w": shape [3] takes 12 bytes, data_offsets [0, 8] hold 8)");
  EXPECT_EQ(refusal(R"({"w":{"dtype":"F32","shape":[],"data_offsets":[0,6]}})", 6),
            R"(byte 8: tensor "w": shape [] takes 4 bytes, data_offsets [0, 6] hold 6)");
}

TEST(Safetensors, RefusesAShapeWhoseProductOverflows) {
  // 2^32 * 2^32 is 0 in 64 bits, and 2^62 floats are 2^64 bytes.
  EXPECT_EQ(refusal(R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
            R"(byte 8: tensor "w": shape [4294967296, 4294967296] does not fit 64 bits)");
  EXPECT_EQ(refusal(R"({"w":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})", 0),
            R"(byte 8: tensor "w": shape [4611686018427387904] does not fit 64 bits)");
}

TEST(Safetensors, RefusesTensorsThatOverlap) {
  const std::string header =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
  EXPECT_EQ(refusal(header, 12),
            "byte " + std::to_string(8 + header.size() + 4) + R"(: tensor "b" overlaps another)");
}

TEST(Safetensors, RefusesBytesThatBelongToNoTensor) {
  const std::string gap = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";
  EXPECT_EQ(refusal(gap, 8),
            "byte " + std::to_string(8 + gap.size()) + R"(: tensor "a" leaves a gap before it)");
  const std::string rest = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  EXPECT_EQ(refusal(rest, 9),
            "byte " + std::to_string(8 + rest.size() + 4) + ": 5 bytes after the last tensor");
}

TEST(Safetensors, ReadsTensorsInAnyOrderAndEmptyOnesBetween) {
  const TemporaryDirectory directory;
  write_file_atomic(
      directory.file("a"),
      with_header(
          R"({"b":{"data_offsets":[4,8],"dtype":"F32","shape":[1],"more":1},"e":{"dtype":"F32","shape":[0,7],)"
          R"("data_offsets":[4,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   )",
          8));
  const SafetensorsFile file = read_safetensors(directory.file("a"));
  EXPECT_EQ(file.tensors.size(), 3U);
  EXPECT_EQ(file.tensors.at("e").shape, (std::vector<std::int64_t>{0, 7}));
}

std::string sample_file() {
  const TemporaryDirectory directory;
  const std::vector<float> values{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F};
  const std::vector<TensorRef> tensors{{"input.weight", {2, 3}, values}, {"input.bias", {6}, values}};
  write_safetensors(directory.file("a"), {{"step", "12"}}, tensors);
  return read_text_file(directory.file("a"));
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string whole = sample_file();
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal(whole.substr(0, size)), "");
}

TEST(Safetensors, RandomDamageLoadsOrIsRefused) {
  const std::string whole = sample_file();
  const std::string tokens = "{}[]\",:0123456789-.eE\\ \n";
  const TemporaryDirectory directory;
  std::mt19937 random(7);
  int refused = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    std::string bytes = whole;
    for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
      char& byte = bytes[random() % bytes.size()];
      byte = random() % 2 ? static_cast<char>(byte ^ (1 << random() % 8)) : tokens[random() % tokens.size()];
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const std::string path = directory.file(std::to_string(trial));
    std::ofstream(path, std::ios::binary) << bytes;
    try {
      for (const auto& [name, tensor] : read_safetensors(path).tensors) {
        std::size_t count = 1;
        for (const std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
        EXPECT_EQ(count, tensor.values.size());
      }
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 4000);
}

}  // namespace
}  // namespace pcnn

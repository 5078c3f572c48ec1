#include <gtest/gtest.h>

#include <random>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/npy.h"
#include "tests/io/npy_files.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

// What follows the path in the message of the FormatError.
std::string refusal(const std::string& bytes) {
  const std::string message = error_of<FormatError>([&] { (void)parse_npy(bytes); });
  EXPECT_TRUE(message.starts_with("a.npy: ")) << message;
  EXPECT_LT(message.size(), 250U);
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << message;
  return message.size() < 7 ? message : message.substr(7);
}

std::string header_refusal(const std::string& header) {
  return refusal(npy_bytes(header, ""));
}
std::string shape_refusal(const std::string& shape) {
  return header_refusal(npy_dict("|u1", shape));
}

constexpr const char* kAccepted = ", accepted: |b1 |u1 |i1, and u2 i2 u4 i4 u8 i8 f2 f4 f8 after <, > or =";

TEST(Npy, RefusesOtherFilesAndVersions) {
  const std::string accepted = ", accepted: an .npy file, as numpy.save writes it";
  EXPECT_EQ(refusal(""), "byte 0: found an empty file" + accepted);
  EXPECT_EQ(refusal("\x93NUMP"), "byte 0: found no npy file" + accepted);
  EXPECT_EQ(refusal("PK\3\4 an archive of several"), "byte 0: found a zip (.npz) file" + accepted);
  EXPECT_EQ(refusal("\xff\xd8\xff\xe0 a picture"), "byte 0: found a JPEG file" + accepted);
  EXPECT_EQ(refusal("\x1f\x8b\x08 packed"), "byte 0: found a gzip file" + accepted);
  EXPECT_EQ(refusal("\x93NUMPY\1"), "byte 7: ends inside the version");
  for (const std::string& version : {std::string("\0\0", 2), std::string("\4\0", 2), std::string("\1\1", 2)})
    EXPECT_EQ(refusal("\x93NUMPY" + version), "byte 6: .npy version " + std::to_string(version[0]) + "." +
                                                  std::to_string(version[1]) + ", accepted: 1.0, 2.0, 3.0");
}

TEST(Npy, RefusesAHeaderLongerThanTheFile) {
  EXPECT_EQ(refusal(std::string("\x93NUMPY\1\0\1", 9)), "byte 9: ends inside the header's length");
  EXPECT_EQ(refusal(std::string("\x93NUMPY\2\0\1\0\0", 11)), "byte 11: ends inside the header's length");
  EXPECT_EQ(refusal(std::string("\x93NUMPY\1\0\3\0{}", 12)),
            "byte 8: a header of 3 bytes in a file of 12: cut short");
  EXPECT_EQ(refusal(std::string("\x93NUMPY\2\0\xff\xff\xff\xff{}", 14)),
            "byte 8: a header of 4294967295 bytes in a file of 14: cut short");
}

TEST(Npy, RefusesAHeaderThatIsNotTheDict) {
  EXPECT_EQ(header_refusal(""), "byte 10: expected { at the start of the header, found the header's end");
  EXPECT_EQ(header_refusal(" ()"), "byte 11: expected { at the start of the header, found '('");
  EXPECT_EQ(header_refusal("{"), "byte 11: expected a key of the header in quotes, found the header's end");
  EXPECT_EQ(header_refusal("{,}"), "byte 11: expected a key of the header in quotes, found ','");
  EXPECT_EQ(header_refusal("{descr: 1}"), "byte 11: expected a key of the header in quotes, found 'd'");
  EXPECT_EQ(header_refusal("{'descr'}"), "byte 18: expected : after a key, found '}'");
  EXPECT_EQ(header_refusal("{'descr"), "byte 11: a quote that does not end");
  EXPECT_EQ(header_refusal("{'des\ncr'"), "byte 15: '\\n' inside quotes");
  EXPECT_EQ(header_refusal("{'des\\x63r'"), "byte 15: '\\' inside quotes");
  EXPECT_EQ(header_refusal("{'des\xff"), "byte 15: '\\xFF' inside quotes");
  EXPECT_EQ(header_refusal("{'shape': () 'descr'"), "byte 23: expected } after a value, found '''");
  EXPECT_EQ(header_refusal("{'shape': (), , }"),
            "byte 24: expected a key of the header in quotes, found ','");
}

TEST(Npy, RefusesKeysThatAreMissingUnknownOrTwice) {
  EXPECT_EQ(header_refusal("{}"), "byte 10: the header has no 'descr'");
  EXPECT_EQ(header_refusal("{'descr': '|u1', 'shape': ()}"), "byte 10: the header has no 'fortran_order'");
  EXPECT_EQ(header_refusal("{'descr': '|u1', 'fortran_order': True}"), "byte 10: the header has no 'shape'");
  EXPECT_EQ(header_refusal("{'descr': '|u1', 'descr': '|u1'}"), "byte 27: the header has 'descr' twice");
  EXPECT_EQ(header_refusal("{'order': 1}"),
            "byte 11: the header has the key 'order', accepted: descr, fortran_order, shape");
}

TEST(Npy, RefusesWhatFollowsTheDict) {
  EXPECT_EQ(header_refusal("{'descr': '|u1', 'fortran_order': False, 'shape': ()} {}"),
            "byte 64: '{}' after the header's dict");
  EXPECT_EQ(header_refusal("{'descr': '|u1', 'fortran_order': False, 'shape': ()}" + std::string(1, '\0')),
            "byte 63: '\\x00' after the header's dict");
}

TEST(Npy, RefusesOtherDtypesAndSaysWhichItAccepts) {
  for (const char* descr : {"", "u1", "|u2", "|f4", "<u3", "<u16", "|f2", "<f1", "<f16", "<c8", "<b2", "|S1",
                            "<U1", "|V1", "<M8[us]", "!u1", "<u0", "<u:", "\"u1"})
    EXPECT_EQ(header_refusal(npy_dict(descr, "()")),
              std::string("byte 20: dtype '") + descr + "'" + kAccepted);
  EXPECT_EQ(header_refusal(npy_dict(std::string(10'000, 'u'), "()")),
            "byte 20: dtype '" + std::string(60, 'u') + "...'" + kAccepted);
  EXPECT_EQ(header_refusal("{'descr': 1}"), "byte 20: expected a dtype in quotes, found '1'");
}

TEST(Npy, RefusesPickledObjectsAndStructuresByName) {
  for (const char* descr : {"|O", "O", "|O8"})
    EXPECT_EQ(header_refusal(npy_dict(descr, "()")),
              std::string("byte 20: dtype '") + descr +
                  "' is of pickled Python objects, which are never read" + kAccepted);
  EXPECT_EQ(header_refusal("{'descr': [('r', '|u1'), ('g', '|u1')], "),
            std::string("byte 20: a structured dtype") + kAccepted);
}

TEST(Npy, RefusesAnOrderThatIsNotABool) {
  for (const char* value : {"0", "'False'", "false", "None", ""})
    EXPECT_EQ(header_refusal(std::string("{'fortran_order': ") + value + "}").substr(0, 40),
              "byte 28: expected True or False, found '");
  EXPECT_EQ(header_refusal("{'fortran_order': Falsey}"), "byte 33: expected } after a value, found 'y'");
}

TEST(Npy, RefusesAShapeThatIsNotATupleOfExtents) {
  const std::string at = "byte " + std::to_string(10 + npy_dict("|u1", "").find(": , }") + 2);
  const std::string in = "byte " + std::to_string(10 + npy_dict("|u1", "").find(": , }") + 3);
  EXPECT_EQ(shape_refusal("3"), at + ": expected ( before the shape, found '3'");
  EXPECT_EQ(shape_refusal("[3]"), at + ": expected ( before the shape, found '['");
  EXPECT_EQ(shape_refusal("(3)"), at + ": (3) is a number, not a tuple");
  EXPECT_EQ(shape_refusal("(,)"), in + ": expected an extent of the shape, found ','");
  EXPECT_EQ(shape_refusal("(-1,)"), in + ": expected an extent of the shape, found '-'");
  EXPECT_EQ(shape_refusal("(True,)"), in + ": expected an extent of the shape, found 'T'");
  EXPECT_EQ(shape_refusal("((3,),)"), in + ": expected an extent of the shape, found '('");
  EXPECT_EQ(shape_refusal("(03,)"), in + ": an extent of the shape begins with 0");
  for (const char* shape : {"(3.0,)", "(3L,)", "(3e0,)", "(0x3,)", "(1_0,)", "(3 4)", "(3;)"})
    EXPECT_NE(shape_refusal(shape).find(": expected ) after the shape, found '"), std::string::npos) << shape;
  EXPECT_NE(shape_refusal("(3,,)").find(": expected an extent of the shape, found ','"), std::string::npos);
}

TEST(Npy, RefusesAShapeWhoseProductOverflows) {
  EXPECT_NE(shape_refusal("(9223372036854775808,)").find(": an extent of the shape does not fit 64 bits"),
            std::string::npos);
  EXPECT_NE(shape_refusal("(" + std::string(10'000, '9') + ",)").find("does not fit 64 bits"),
            std::string::npos);
  // 2^32 * 2^32 is 0 in 64 bits; a 0 does not excuse it.
  EXPECT_EQ(shape_refusal("(4294967296, 4294967296)"),
            "byte 8: shape (4294967296, 4294967296) does not fit 64 bits");
  EXPECT_EQ(shape_refusal("(0, 4294967296, 4294967296)"),
            "byte 8: shape (0, 4294967296, 4294967296) does not fit 64 bits");
  EXPECT_EQ(header_refusal(npy_dict("<f8", "(2305843009213693952,)")),
            "byte 8: shape (2305843009213693952,) does not fit 64 bits");
}

TEST(Npy, RefusesDataThatIsNotWhatTheShapeTakes) {
  const std::string header = npy_dict("<u2", "(2, 3)");
  const std::size_t data_at = 10 + header.size();
  EXPECT_EQ(
      refusal(npy_bytes(header, std::string(11, '\0'))),
      "byte " + std::to_string(data_at + 11) + ": shape (2, 3) takes 12 bytes of data, the file holds 11");
  EXPECT_EQ(
      refusal(npy_bytes(header, std::string(13, '\0'))),
      "byte " + std::to_string(data_at + 12) + ": shape (2, 3) takes 12 bytes of data, the file holds 13");
  EXPECT_NE(shape_refusal("(9223372036854775807,)")
                .find("takes 9223372036854775807 bytes of data, the file holds 0"),
            std::string::npos);
}

// Whatever their number, axes cost no more than the bytes that name them.
TEST(Npy, ManyAxesTakeNoLongerThanTheirBytes) {
  std::string shape = "(";
  for (int axis = 0; axis < 200'000; ++axis) shape += "1,";
  const NpyArray array =
      parse_npy(npy_bytes(npy_dict("|u1", shape + "200000)", true), std::string(200'000, '\5'), 2));
  EXPECT_EQ(array.shape().size(), 200'001U);
  EXPECT_EQ(array.values<std::uint8_t>(), std::vector<std::uint8_t>(200'000, 5));
  EXPECT_EQ(shape_refusal("(" + std::string("1, 2, 1, 2, 1, 2, 1, 2, 1") + ")"),
            "byte " + std::to_string(10 + npy_dict("|u1", "(1, 2, 1, 2, 1, 2, 1, 2, 1)").size()) +
                ": shape (1, 2, 1, 2, 1, 2, 1, 2, ...) takes 16 bytes of data, the file holds 0");
}

std::string sample_file() {
  const TemporaryDirectory directory;
  write_npy(directory.file("a"), {2, 3}, std::vector<std::uint16_t>{1, 2, 300, 4, 5, 65535});
  return read_text_file(directory.file("a"));
}

TEST(Npy, RefusesEveryTruncation) {
  const std::string whole = sample_file();
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal(whole.substr(0, size)), "");
  for (std::size_t more = 1; more < 9; ++more) EXPECT_NE(refusal(whole + std::string(more, '\0')), "");
}

// True where the file loads: then its shape fits its values, and values that are given are as many.
bool loads(const std::string& bytes, std::vector<std::int64_t>* shape = nullptr) {
  try {
    const NpyArray array = parse_npy(bytes);
    std::size_t count = 1;
    for (const std::int64_t extent : array.shape()) count *= static_cast<std::size_t>(extent);
    if (shape != nullptr) *shape = array.shape();
    try {
      EXPECT_EQ(array.values<std::uint16_t>().size(), count);
      EXPECT_EQ(array.values<float>().size(), count);
      EXPECT_EQ(array.values<std::uint8_t>().size(), count);
    } catch (const FormatError&) {
    }
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

TEST(Npy, EveryChangeOfOneByteLoadsTheSameShapeOrIsRefused) {
  const std::string whole = sample_file();
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int change = 1; change < 256; ++change) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      std::vector<std::int64_t> shape;
      if (loads(bytes, &shape))
        EXPECT_EQ(shape, (std::vector<std::int64_t>{2, 3})) << "byte " << at << " ^ " << change;
      else
        ++refused;
    }
  // What loads: any change of data, other dtypes of two bytes, other spaces.
  EXPECT_GT(refused, 100 * 255);
}

TEST(Npy, RandomDamageLoadsOrIsRefused) {
  const std::string whole = sample_file();
  const std::string tokens = "{}()'\",:|<>=0123456789-uifbOTF \n";
  std::mt19937 random(7);
  int refused = 0;
  for (int trial = 0; trial < 10'000; ++trial) {
    std::string bytes = whole;
    for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
      char& byte = bytes[random() % bytes.size()];
      byte = random() % 2 ? static_cast<char>(byte ^ (1 << random() % 8)) : tokens[random() % tokens.size()];
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    if (!loads(bytes)) ++refused;
  }
  EXPECT_GT(refused, 3000);
  EXPECT_LT(refused, 10'000);
}

// Headers put together from the format's own words get further into the reader than noise does.
TEST(Npy, RandomWordsLoadOrAreRefused) {
  const std::vector<std::string> words{
      "{",     "}",     "(",    ")",    ",",     ":", " ", "'descr'", "'fortran_order'", "'shape'", "'<u2'",
      "'>f8'", "'|b1'", "'|O'", "True", "False", "0", "1", "2",       "4294967296",      "\n"};
  const std::vector<std::string> entries{"'descr': '<u2', ", "'fortran_order': True, ", "'shape': (2, 1), "};
  std::mt19937 random(8);
  int loaded = 0;
  for (int trial = 0; trial < 10'000; ++trial) {
    std::string header = "{";
    for (std::size_t i = 1 + random() % 5; i > 0; --i)
      header += random() % 8 ? entries[random() % entries.size()] : words[random() % words.size()];
    header += "}";
    loaded += loads(npy_bytes(header, std::string(4, '\1'), 1 + static_cast<int>(random() % 3)));
  }
  EXPECT_GT(loaded, 20);
}

TEST(Npy, RandomBytesAreRefused) {
  std::mt19937 random(9);
  for (int trial = 0; trial < 5000; ++trial) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (random() % 2)
      bytes = npy_bytes(bytes, std::string(random() % 9, '\0'), 1 + static_cast<int>(random() % 3));
    EXPECT_FALSE(loads(bytes));
  }
}

}  // namespace
}  // namespace pcnn

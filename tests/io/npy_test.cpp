#include "engine/io/npy.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "tests/io/npy_files.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

using Extents = std::vector<std::int64_t>;
using Bytes = std::vector<std::uint8_t>;
using Words = std::vector<std::uint16_t>;
using Floats = std::vector<float>;

template <typename Value>
std::string written(const Extents& shape, const std::vector<Value>& values) {
  const TemporaryDirectory directory;
  write_npy(directory.file("a"), shape, values);
  return read_text_file(directory.file("a"));
}

// What follows the path when the values are asked for.
template <typename Value>
std::string refusal(const std::string& bytes) {
  const NpyArray array = parse_npy(bytes);
  const std::string message = error_of<FormatError>([&] { (void)array.values<Value>(); });
  EXPECT_TRUE(message.starts_with("a.npy: ")) << message;
  return message.substr(7);
}

// What np.save of NumPy 2.4 writes for the same arrays.
TEST(Npy, WritesTheBytesNumPyWrites) {
  const std::string start("\x93NUMPY\1\0\x76\0", 10);
  const auto padded = [&](const std::string& dict) {
    return start + dict + std::string(117 - dict.size(), ' ') + '\n';
  };
  EXPECT_EQ(written<std::uint8_t>({2, 3}, {0, 1, 2, 3, 4, 255}),
            padded("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }") +
                std::string("\0\1\2\3\4\xff", 6));
  EXPECT_EQ(written<std::uint16_t>({}, {258}),
            padded("{'descr': '<u2', 'fortran_order': False, 'shape': (), }") + "\2\1");
  EXPECT_EQ(written<float>({2}, {1.5F, -2.0F}),
            padded("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }") +
                std::string("\0\0\xc0\x3f\0\0\0\xc0", 8));
  EXPECT_EQ(written<float>({0, 4}, {}),
            padded("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }"));
}

template <typename Value>
void expect_round_trip(std::mt19937& random) {
  const TemporaryDirectory directory;
  Extents shape(random() % 6);
  std::size_t count = 1;
  for (std::int64_t& extent : shape) count *= static_cast<std::size_t>(extent = random() % 5);
  std::vector<Value> values(count);
  for (Value& value : values) value = static_cast<Value>(random() % 131071) / static_cast<Value>(2);
  write_npy(directory.file("a"), shape, values);
  const NpyArray array = read_npy(directory.file("a"));
  EXPECT_EQ(array.shape(), shape);
  EXPECT_EQ(array.dtype().byte_size, static_cast<int>(sizeof(Value)));
  EXPECT_EQ(array.values<Value>(), values);
}

TEST(Npy, ReadsAHeaderWithoutTheValues) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  write_npy(path, {3, 1 << 16}, Words(3 << 16, 7));  // longer than what is read
  const NpyHeader header = read_npy_header(path);
  EXPECT_EQ(header.shape, (Extents{3, 1 << 16}));
  EXPECT_EQ(header.dtype.byte_size, 2);
  // The file's size is checked all the same, as it is when the values are read.
  std::string cut = read_text_file(path);
  cut.pop_back();
  write_file_atomic(path, cut);
  EXPECT_EQ(error_of<FormatError>([&] { (void)read_npy_header(path); }),
            error_of<FormatError>([&] { (void)read_npy(path); }));
}

TEST(Npy, ReadsNoHeaderOfAbsurdLength) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  write_file_atomic(path, npy_bytes(npy_dict("|u1", "(1,)") + std::string(1 << 17, ' '), "\1", 2));
  EXPECT_EQ(read_npy(path).shape(), Extents{1});
  EXPECT_NE(error_of<FormatError>([&] { (void)read_npy_header(path); }).find("byte 8: a header of 1311"),
            std::string::npos);
}

TEST(Npy, RandomArraysComeBackAsWritten) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 40; ++trial) {
    expect_round_trip<std::uint8_t>(random);
    expect_round_trip<std::uint16_t>(random);
    expect_round_trip<float>(random);
  }
}

TEST(Npy, KeepsTheBitsOfEveryFloat) {
  using Limits = std::numeric_limits<float>;
  const Floats values{std::bit_cast<float>(0x7fc12345U),
                      std::bit_cast<float>(0xffc00001U),
                      Limits::infinity(),
                      -Limits::infinity(),
                      -0.0F,
                      Limits::denorm_min(),
                      Limits::max(),
                      Limits::lowest()};
  const Floats read = parse_npy(written({2, 4}, values)).values<float>();
  ASSERT_EQ(read.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint32_t>(read[i]), std::bit_cast<std::uint32_t>(values[i]));
}

TEST(Npy, DataIsAlignedTo64BytesWhateverTheHeaderTakes) {
  for (std::size_t axes = 0; axes < 100; ++axes) {
    const std::string bytes = written<std::uint8_t>(Extents(axes, 1), {7});
    EXPECT_EQ(bytes.size() % 64, 1U);
    EXPECT_EQ(parse_npy(bytes).shape(), Extents(axes, 1));
  }
}

TEST(Npy, WritesVersion2WhereTheHeaderNeedsIt) {
  // Three bytes of header for each extent of 1, and 65535 are the most in version 1.0.
  for (const auto& [axes, version] : {std::pair(21'800, '\1'), {21'900, '\2'}}) {
    const std::string bytes = written<std::uint8_t>(Extents(static_cast<std::size_t>(axes), 1), {7});
    EXPECT_EQ(bytes[6], version);
    EXPECT_EQ(bytes.size() % 64, 1U);
    const NpyArray array = parse_npy(bytes);
    EXPECT_EQ(array.shape().size(), static_cast<std::size_t>(axes));
    EXPECT_EQ(array.values<std::uint8_t>(), Bytes{7});
  }
}

TEST(Npy, RefusesToWriteAShapeThatDoesNotFit) {
  const TemporaryDirectory directory;
  const Bytes values{1, 2};
  for (const Extents& shape : {Extents{}, {3}, {-2}, {-1, -2}, {2, 0}, {std::int64_t{1} << 62, 8, 2}}) {
    EXPECT_THROW(write_npy(directory.file("a"), shape, values), std::invalid_argument);
    EXPECT_EQ(directory.file_count(), 0U);
  }
  // Products that no array has, though they are 0 in 64 bits or hold a 0.
  for (const Extents& shape : {Extents{std::int64_t{1} << 62, 4}, {0, std::int64_t{1} << 62, 4}})
    EXPECT_THROW(write_npy(directory.file("a"), shape, Bytes{}), std::invalid_argument);
}

TEST(Npy, ReadsEveryVersion) {
  for (int major = 1; major <= 3; ++major)
    EXPECT_EQ(parse_npy(npy_bytes(npy_dict("|u1", "(2,)"), "\1\2", major)).values<std::uint8_t>(),
              (Bytes{1, 2}));
}

TEST(Npy, ReadsTheDictInAnySpelling) {
  for (const char* header :
       {"{'descr':'|u1','fortran_order':False,'shape':(2,1)}",
        "{'shape': (2, 1,), 'descr': '|u1', 'fortran_order': False}",
        "  {\t\"fortran_order\" : False ,\n \"shape\" : ( 2 , 1 ) , \"descr\" : \"|u1\" , }  \r\n"})
    EXPECT_EQ(parse_npy(npy_bytes(header, "ab")).shape(), (Extents{2, 1})) << header;
}

template <typename Stored>
void expect_reads(const std::string& kind_and_size, const std::vector<Stored>& values) {
  const std::string shape = "(" + std::to_string(values.size()) + ",)";
  const std::string orders = sizeof(Stored) == 1 ? "|<>=" : "<>=";
  for (const char order : orders) {
    const NpyArray array =
        parse_npy(npy_bytes(npy_dict(order + kind_and_size, shape), npy_data(values, order == '>')));
    EXPECT_EQ(array.shape(), Extents{static_cast<std::int64_t>(values.size())});
    EXPECT_EQ(array.dtype().kind, kind_and_size[0]);
    EXPECT_EQ(array.dtype().byte_size, static_cast<int>(sizeof(Stored)));
    EXPECT_EQ(array.dtype().big_endian, order == '>' && sizeof(Stored) > 1);
    const Floats floats = array.values<float>();
    const Words words = array.values<std::uint16_t>();
    ASSERT_EQ(floats.size(), values.size());
    ASSERT_EQ(words.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(floats[i], static_cast<float>(values[i])) << order << kind_and_size;
      EXPECT_EQ(words[i], static_cast<std::uint16_t>(values[i])) << order << kind_and_size;
    }
  }
}

TEST(Npy, ReadsEveryDtypeInEveryByteOrder) {
  expect_reads<std::uint8_t>("b1", {0, 1, 1});
  expect_reads<std::uint8_t>("u1", {0, 1, 255});
  expect_reads<std::int8_t>("i1", {0, 1, 127});
  expect_reads<std::uint16_t>("u2", {0, 258, 65535});
  expect_reads<std::int16_t>("i2", {0, 258, 32767});
  expect_reads<std::uint32_t>("u4", {0, 258, 65535});
  expect_reads<std::int32_t>("i4", {0, 258, 65535});
  expect_reads<std::uint64_t>("u8", {0, 258, 65535});
  expect_reads<std::int64_t>("i8", {0, 258, 65535});
  expect_reads<float>("f4", {0.0F, -0.0F, 258.0F, 65535.0F});
  expect_reads<double>("f8", {0.0, -0.0, 258.0, 65535.0});
}

TEST(Npy, ReadsNegativeAndRoundedValuesAsFloats) {
  const auto floats = [](const char* descr, const std::string& data) {
    return parse_npy(npy_bytes(npy_dict(descr, "(1,)"), data)).values<float>();
  };
  EXPECT_EQ(floats("|i1", npy_data<std::int8_t>({-128})), Floats{-128.0F});
  EXPECT_EQ(floats("<i2", npy_data<std::int16_t>({-32768})), Floats{-32768.0F});
  EXPECT_EQ(floats("<i8", npy_data<std::int64_t>({16'777'217})), Floats{16'777'216.0F});
  EXPECT_EQ(floats("<u8", npy_data<std::uint64_t>({~std::uint64_t{0}})),
            Floats{18'446'744'073'709'551'616.0F});
  EXPECT_EQ(floats("<f8", npy_data<double>({0.1})), Floats{0.1F});
  EXPECT_EQ(floats("<f8", npy_data<double>({-INFINITY})), Floats{-INFINITY});
  EXPECT_TRUE(std::isnan(floats("<f8", npy_data<double>({NAN})).at(0)));
}

TEST(Npy, RefusesValuesThatDoNotFitWithByteAndIndex) {
  const std::string header = npy_dict("<i8", "(2, 3)");
  EXPECT_EQ(refusal<std::uint8_t>(npy_bytes(header, npy_data<std::int64_t>({0, 1, 2, 3, 256, -1}))),
            "byte " + std::to_string(10 + header.size() + 32) +
                ": value 256 at index (1, 1), accepted: whole numbers from 0 to 255");
  // Stored first index fastest, so the byte is that of the second value.
  EXPECT_EQ(refusal<std::uint8_t>(
                npy_bytes(npy_dict("<i4", "(2, 3)", true), npy_data<std::int32_t>({0, -1, 2, 3, 4, 5}))),
            "byte " + std::to_string(10 + header.size() - 1 + 4) +
                ": value -1 at index (1, 0), accepted: whole numbers from 0 to 255");
}

TEST(Npy, RefusesToRoundOrWrapIntegers) {
  const auto refuses = [](const char* descr, const std::string& data, const std::string& value) {
    const std::string message = refusal<std::uint16_t>(npy_bytes(npy_dict(descr, "()"), data));
    EXPECT_NE(message.find(": value " + value + " at index (), accepted: whole numbers from 0 to 65535"),
              std::string::npos)
        << message;
  };
  refuses("|i1", npy_data<std::int8_t>({-1}), "-1");
  refuses("<i2", npy_data<std::int16_t>({-1}), "-1");
  refuses("<u4", npy_data<std::uint32_t>({65536}), "65536");
  refuses("<u8", npy_data<std::uint64_t>({std::uint64_t{1} << 63}), "9223372036854775808");
  refuses("<f4", npy_data<float>({0.5F}), "0.5");
  refuses("<f4", npy_data<float>({-1.0F}), "-1");
  refuses("<f8", npy_data<double>({65536.0}), "65536");
  refuses("<f8", npy_data<double>({INFINITY}), "inf");
  refuses("<f8", npy_data<double>({NAN}), "nan");
}

TEST(Npy, RefusesADoubleOutsideTheRangeOfFloats) {
  const std::string message = refusal<float>(npy_bytes(npy_dict("<f8", "()"), npy_data<double>({1e300})));
  EXPECT_NE(message.find("value 1e+300 at index (), accepted: the range of a 32-bit float"),
            std::string::npos)
      << message;
}

TEST(Npy, RefusesABoolThatIsNeitherTrueNorFalse) {
  const std::string message =
      refusal<std::uint8_t>(npy_bytes(npy_dict("|b1", "(3,)"), std::string("\0\1\2", 3)));
  EXPECT_NE(message.find("value 2 at index (2,), accepted: 0 and 1 in a bool"), std::string::npos) << message;
}

TEST(Npy, BringsFortranOrderToCOrder) {
  std::mt19937 random(2);
  for (int trial = 0; trial < 50; ++trial) {
    Extents shape(random() % 5);
    std::size_t count = 1;
    for (std::int64_t& extent : shape) count *= static_cast<std::size_t>(extent = 1 + random() % 4);
    // The value of each element is its place in C order, put where the definition says that it lies.
    Words c_order(count), fortran(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t rest = i, place = 0;
      for (std::size_t axis = shape.size(); axis-- > 0;) {
        const auto extent = static_cast<std::size_t>(shape[axis]);
        std::size_t stride = 1;
        for (std::size_t before = 0; before < axis; ++before)
          stride *= static_cast<std::size_t>(shape[before]);
        place += rest % extent * stride;
        rest /= extent;
      }
      c_order[i] = fortran.at(place) = static_cast<std::uint16_t>(i);
    }
    const std::string text = npy_tuple_text(shape);
    EXPECT_EQ(parse_npy(npy_bytes(npy_dict("<u2", text, true), npy_data(fortran))).values<std::uint16_t>(),
              c_order)
        << text;
  }
}

TEST(Npy, ReadsEmptyArraysAndScalars) {
  for (const bool fortran_order : {false, true}) {
    const NpyArray empty = parse_npy(npy_bytes(npy_dict("<f8", "(3, 0, 1)", fortran_order), ""));
    EXPECT_EQ(empty.shape(), (Extents{3, 0, 1}));
    EXPECT_TRUE(empty.values<float>().empty());
    const NpyArray scalar =
        parse_npy(npy_bytes(npy_dict(">i4", "()", fortran_order), std::string("\0\0\0\7", 4)));
    EXPECT_EQ(scalar.shape(), Extents{});
    EXPECT_EQ(scalar.values<std::uint8_t>(), Bytes{7});
  }
}

TEST(Npy, NamesAFileThatIsMissingOrDamaged) {
  const TemporaryDirectory directory;
  EXPECT_THROW((void)read_npy(directory.file("none")), FileError);
  write_file_atomic(directory.file("empty"), "");
  EXPECT_EQ(error_of<FormatError>([&] { (void)read_npy(directory.file("empty")); }),
            directory.file("empty") +
                ": byte 0: found an empty file, accepted: an .npy file, as numpy.save "
                "writes it");
}

}  // namespace
}  // namespace pcnn

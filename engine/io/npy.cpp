#include "engine/io/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they lie in memory");

template <typename Value>
void write(const std::string& path, const char* descr, std::span<const std::int64_t> shape,
           std::span<const Value> values) {
  if (npy_value_count(shape, sizeof(Value)) != values.size())
    throw std::invalid_argument(
        fmt::format("write_npy: {} values for the shape {}", values.size(), npy_tuple_shown(shape)));
  const std::string header = npy_header_bytes(descr, shape);
  std::vector<std::byte> bytes(header.size() + values.size_bytes());
  std::ranges::copy(std::as_bytes(std::span(header)), bytes.begin());
  std::ranges::copy(std::as_bytes(values), bytes.begin() + static_cast<std::ptrdiff_t>(header.size()));
  write_file_atomic(path, bytes);
}

// As stored, which C++20 has no type for.
struct Half {
  std::uint16_t bits;
};

template <typename Stored>
Stored number(Stored value) {
  return value;
}
float number(Half half) {
  const float sign = half.bits & 0x8000u ? -1.0F : 1.0F;
  const int exponent = half.bits >> 10 & 31, fraction = half.bits & 1023;
  if (exponent == 31)
    return sign *
           (fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN());
  return sign * (exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                               : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25));
}

// Calls with a value of the type the file stores; bools are bytes.
template <typename Call>
void with_stored_type(const NpyDtype& dtype, const Call& call) {
  switch (dtype.kind) {
    case 'f':
      if (dtype.byte_size == 2) return call(Half{});
      return dtype.byte_size == 4 ? call(float{}) : call(double{});
    case 'i':
      if (dtype.byte_size == 1) return call(std::int8_t{});
      if (dtype.byte_size == 2) return call(std::int16_t{});
      return dtype.byte_size == 4 ? call(std::int32_t{}) : call(std::int64_t{});
    default:
      if (dtype.byte_size == 1) return call(std::uint8_t{});
      if (dtype.byte_size == 2) return call(std::uint16_t{});
      return dtype.byte_size == 4 ? call(std::uint32_t{}) : call(std::uint64_t{});
  }
}

template <typename Stored>
Stored load(const std::byte* bytes, bool big_endian) {
  std::byte native[sizeof(Stored)];
  if (big_endian)
    std::reverse_copy(bytes, bytes + sizeof(Stored), native);
  else
    std::copy_n(bytes, sizeof(Stored), native);
  Stored value;
  std::memcpy(&value, native, sizeof(Stored));
  return value;
}

template <typename Value, typename Stored>
bool fits(Stored value) {
  using Limits = std::numeric_limits<Value>;
  if constexpr (std::integral<Value> && std::integral<Stored>)
    return std::in_range<Value>(value);
  else if constexpr (std::integral<Value>)
    return value >= 0 && value <= Limits::max() && value == std::trunc(value);
  else if constexpr (std::integral<Stored>)
    return true;
  else
    return !std::isfinite(value) || std::abs(value) <= Limits::max();
}

template <typename Value>
std::string accepted() {
  if constexpr (std::integral<Value>)
    return fmt::format("whole numbers from 0 to {}", std::numeric_limits<Value>::max());
  else
    return "the range of a 32-bit float";
}

// Calls with the place in the file of each value, in C order.
template <typename Call>
void for_each_place(const NpyHeader& header, std::size_t count, const Call& call) {
  if (!header.fortran_order) {
    for (std::size_t i = 0; i < count; ++i) call(i);
    return;
  }
  // Counts up like a milometer, last axis fastest. Axes of extent 1 are left out: a file may have millions.
  struct Axis {
    std::size_t extent, stride, index = 0;
  };
  std::vector<Axis> axes;
  std::size_t stride = 1;
  for (const std::int64_t extent : header.shape) {
    if (extent == 1) continue;
    axes.push_back({static_cast<std::size_t>(extent), stride});
    stride *= static_cast<std::size_t>(extent);
  }
  std::size_t place = 0;
  for (std::size_t i = 0; i < count; ++i) {
    call(place);
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
      place += axis->stride;
      if (++axis->index < axis->extent) break;
      place -= axis->extent * axis->stride;
      axis->index = 0;
    }
  }
}

// Of the i-th value in C order.
std::vector<std::int64_t> index_of(std::size_t i, std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0; i /= static_cast<std::size_t>(shape[axis]))
    index[axis] = static_cast<std::int64_t>(i % static_cast<std::size_t>(shape[axis]));
  return index;
}

}  // namespace

void write_npy(const std::string& path, const std::vector<std::int64_t>& shape,
               std::span<const std::uint8_t> values) {
  write(path, "|u1", shape, values);
}

void write_npy(const std::string& path, const std::vector<std::int64_t>& shape,
               std::span<const std::uint16_t> values) {
  write(path, "<u2", shape, values);
}

void write_npy(const std::string& path, const std::vector<std::int64_t>& shape,
               std::span<const float> values) {
  write(path, "<f4", shape, values);
}

NpyArray::NpyArray(std::string path, std::vector<std::byte> file, NpyHeader header)
    : path_(std::move(path)), file_(std::move(file)), header_(std::move(header)) {}

std::size_t NpyArray::count() const {
  return (file_.size() - header_.data_at) / static_cast<std::size_t>(header_.dtype.byte_size);
}

// Calls with each value's place in C order, its byte and itself.
template <typename Call>
void NpyArray::for_each_value(const Call& call) const {
  with_stored_type(header_.dtype, [&]<typename Stored>(Stored) {
    std::size_t i = 0;
    for_each_place(header_, count(), [&](std::size_t place) {
      const std::size_t at = header_.data_at + place * sizeof(Stored);
      call(i++, at, number(load<Stored>(&file_[at], header_.dtype.big_endian)));
    });
  });
}

std::string NpyArray::index_text(std::size_t i) const {
  return npy_tuple_shown(index_of(i, header_.shape));
}

template <typename Value>
std::vector<Value> NpyArray::values() const {
  std::vector<Value> values(count());
  const bool is_bool = header_.dtype.kind == 'b';
  for_each_value([&](std::size_t i, std::size_t at, auto value) {
    if (!fits<Value>(value) || (is_bool && value != 0 && value != 1))
      throw FormatError(path_, at,
                        fmt::format("value {} at index {}, accepted: {}", value, index_text(i),
                                    is_bool ? "0 and 1 in a bool" : accepted<Value>()));
    values[i] = static_cast<Value>(value);
  });
  return values;
}

double NpyArray::scale_tolerance(double scale) const {
  return std::max(1e-3, std::ldexp(scale, header_.dtype.byte_size == 2 ? -11 : -22));
}

std::vector<std::uint16_t> NpyArray::levels(const NpyLevels& wanted) const {
  std::vector<std::uint16_t> levels(count());
  const int most = header_.dtype.kind == 'b' ? std::min(wanted.most, 1) : wanted.most;
  const double scale = wanted.scale, tolerance = scale == 1.0 ? 0.0 : scale_tolerance(scale);
  for_each_value([&](std::size_t i, std::size_t, auto value) {
    using Stored = decltype(value);
    bool fits = false;
    if constexpr (std::integral<Stored>) {
      fits = std::in_range<std::uint16_t>(value) && static_cast<int>(value) <= most;
      levels[i] = static_cast<std::uint16_t>(value);
    } else {
      const double scaled = scale * static_cast<double>(value), level = std::round(scaled);
      // Not true of NaN.
      fits = level >= 0.0 && level <= most && std::abs(scaled - level) <= tolerance;
      levels[i] = static_cast<std::uint16_t>(fits ? level : 0.0);
    }
    if (!fits)
      throw ConfigError(fmt::format("{}: value {} at index {}, accepted: {}", path_, value, index_text(i),
                                    wanted.accepted));
  });
  return levels;
}

template std::vector<std::uint8_t> NpyArray::values() const;
template std::vector<std::uint16_t> NpyArray::values() const;
template std::vector<float> NpyArray::values() const;

NpyArray parse_npy(const std::string& path, std::vector<std::byte> file) {
  NpyHeader header = parse_npy_header(path, file, file.size());
  return {path, std::move(file), std::move(header)};
}

NpyArray read_npy(const std::string& path) {
  return parse_npy(path, read_file(path));
}

NpyHeader read_npy_header(const std::string& path) {
  // More than any header of version 1.0.
  const FileStart start = read_file_start(path, std::size_t{1} << 17);
  return parse_npy_header(path, start.bytes, start.file_bytes);
}

}  // namespace pcnn

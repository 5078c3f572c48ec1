#include "engine/io/npy_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/io/signature.h"

namespace pcnn {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionAt = kMagic.size();
constexpr std::size_t kLengthAt = kVersionAt + 2;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMostVersion1Text = 65535;
// NumPy leaves room for the first extent to grow to this many digits in place.
constexpr std::size_t kGrowthDigits = 21;
constexpr const char* kAcceptedDtypes = "|b1 |u1 |i1, and u2 i2 u4 i4 u8 i8 f2 f4 f8 after <, > or =";

constexpr bool contains(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string little_endian(std::size_t value, std::size_t byte_size) {
  std::string bytes;
  for (std::size_t i = 0; i < byte_size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::optional<NpyDtype> parse_dtype(std::string_view descr) {
  if (descr.size() != 3 || !contains("<>=|", descr[0])) return {};
  const NpyDtype dtype{descr[1], descr[2] - '0', descr[0] == '>' && descr[2] != '1'};
  const auto is = [&](std::string_view kinds, std::string_view sizes) {
    return contains(kinds, descr[1]) && contains(sizes, descr[2]);
  };
  // | says that there is no byte order, which only single bytes can say.
  if (is("bui", "1") || (descr[0] != '|' && (is("ui", "248") || is("f", "248")))) return dtype;
  return {};
}

// Reads the one Python literal a header may hold, by this grammar (spaces between any two tokens):
//
//   dict   { entry, entry, entry }        the last comma may stand or not; so in the tuple, but for (3,)
//   entry  'descr': string | 'fortran_order': True | False | 'shape': tuple       each of them once
//   tuple  () | (3,) | (3, 4) ..          decimal, no sign, no leading zeros
//   string in ' or ", printable ASCII, no backslash
class DictParser {
 public:
  DictParser(const std::string& path, std::size_t text_at, std::string_view text)
      : path_(path), text_at_(text_at), text_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{', "at the start of the header");
    while (!take('}')) {
      skip_spaces();
      const std::size_t key_at = at_;
      const std::string_view key = string("a key of the header");
      const auto once = [&](bool& seen) {
        if (seen) refuse(key_at, fmt::format("the header has '{}' twice", key));
        seen = true;
      };
      expect(':', "after a key");
      if (key == "descr") {
        once(has_descr);
        header.dtype = dtype();
      } else if (key == "fortran_order") {
        once(has_order);
        header.fortran_order = boolean();
      } else if (key == "shape") {
        once(has_shape);
        header.shape = tuple();
      } else {
        refuse(key_at, fmt::format("the header has the key '{}', accepted: descr, fortran_order, shape",
                                   shorten(key)));
      }
      if (take(',')) continue;
      expect('}', "after a value");
      break;
    }
    skip_spaces();
    if (at_ < text_.size())
      refuse(at_, fmt::format("'{}' after the header's dict", shorten(text_.substr(at_))));
    for (const auto& [seen, key] :
         {std::pair(has_descr, "descr"), {has_order, "fortran_order"}, {has_shape, "shape"}})
      if (!seen) refuse(0, fmt::format("the header has no '{}'", key));
    return header;
  }

 private:
  [[noreturn]] void refuse(std::size_t at, const std::string& what) const {
    throw FormatError(path_, text_at_ + at, what);
  }
  void skip_spaces() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool take(char c) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c, const char* where) {
    if (!take(c)) refuse(at_, fmt::format("expected {} {}, found {}", c, where, found()));
  }
  [[nodiscard]] std::string found() const {
    return at_ == text_.size() ? "the header's end" : "'" + shorten(text_.substr(at_, 1)) + "'";
  }

  std::string_view string(const char* what) {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"' && !take('"'))
      refuse(at_, fmt::format("expected {} in quotes, found {}", what, found()));
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] < ' ' || text_[at_] > '~' || text_[at_] == '\\')
        refuse(at_, fmt::format("{} inside quotes", found()));
      ++at_;
    }
    if (at_ == text_.size()) refuse(begin - 1, "a quote that does not end");
    return text_.substr(begin, at_++ - begin);
  }

  NpyDtype dtype() {
    skip_spaces();
    const std::size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '[')
      refuse(at_, fmt::format("a structured dtype, accepted: {}", kAcceptedDtypes));
    const std::string_view descr = string("a dtype");
    if (contains(descr, 'O'))
      refuse(begin, fmt::format("dtype '{}' is of pickled Python objects, which are never read, accepted: {}",
                                shorten(descr), kAcceptedDtypes));
    const auto dtype = parse_dtype(descr);
    if (!dtype) refuse(begin, fmt::format("dtype '{}', accepted: {}", shorten(descr), kAcceptedDtypes));
    return *dtype;
  }

  bool boolean() {
    skip_spaces();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return value;
    }
    refuse(at_, fmt::format("expected True or False, found {}", found()));
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> extents;
    expect('(', "before the shape");
    const std::size_t begin = at_ - 1;
    while (!take(')')) {
      extents.push_back(extent());
      if (take(',')) continue;
      expect(')', "after the shape");
      if (extents.size() == 1) refuse(begin, fmt::format("({}) is a number, not a tuple", extents[0]));
      break;
    }
    return extents;
  }

  std::int64_t extent() {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    skip_spaces();
    const std::size_t begin = at_;
    std::int64_t value = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      const int digit = text_[at_] - '0';
      if (value > (kMost - digit) / 10) refuse(begin, "an extent of the shape does not fit 64 bits");
      if (at_ > begin && value == 0) refuse(begin, "an extent of the shape begins with 0");
      value = value * 10 + digit;
    }
    if (at_ == begin) refuse(at_, fmt::format("expected an extent of the shape, found {}", found()));
    return value;
  }

  const std::string& path_;
  std::size_t text_at_;  // in the file; at_ counts from there
  std::string_view text_;
  std::size_t at_ = 0;
};

void require_data(const std::string& path, const NpyHeader& header, std::size_t file_bytes) {
  const std::string shape = npy_tuple_shown(header.shape);
  const auto values = npy_value_count(header.shape, header.dtype.byte_size);
  if (!values) throw FormatError(path, kLengthAt, fmt::format("shape {} does not fit 64 bits", shape));
  const std::size_t needed = *values * static_cast<std::size_t>(header.dtype.byte_size);
  const std::size_t found = file_bytes - header.data_at;
  if (needed != found)
    throw FormatError(
        path, header.data_at + std::min(needed, found),
        fmt::format("shape {} takes {} bytes of data, the file holds {}", shape, needed, found));
}

}  // namespace

std::optional<std::size_t> npy_value_count(std::span<const std::int64_t> shape, int byte_size) {
  std::int64_t bytes = byte_size;  // of the array without its empty dimensions
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return {};
    if (extent == 0)
      empty = true;
    else if (bytes > std::numeric_limits<std::int64_t>::max() / extent)
      return {};
    else
      bytes *= extent;
  }
  return empty ? 0 : static_cast<std::size_t>(bytes / byte_size);
}

std::string npy_tuple_text(std::span<const std::int64_t> tuple) {
  return fmt::format("({}{})", fmt::join(tuple, ", "), tuple.size() == 1 ? "," : "");
}

std::string npy_tuple_shown(std::span<const std::int64_t> tuple) {
  constexpr std::size_t kMost = 8;
  if (tuple.size() <= kMost) return npy_tuple_text(tuple);
  return fmt::format("({}, ...)", fmt::join(tuple.first(kMost), ", "));
}

std::string npy_header_bytes(const std::string& descr, std::span<const std::int64_t> shape) {
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr, npy_tuple_text(shape));
  if (!shape.empty()) text.append(kGrowthDigits - fmt::formatted_size("{}", shape[0]), ' ');
  const auto padded = [&](std::size_t length_bytes) {
    const std::size_t size = kLengthAt + length_bytes + text.size() + 1;
    return text + std::string(kAlignment - size % kAlignment, ' ') + '\n';
  };
  std::string header = padded(2);
  if (header.size() <= kMostVersion1Text)
    return std::string(kMagic) + '\1' + '\0' + little_endian(header.size(), 2) + header;
  header = padded(4);
  return std::string(kMagic) + '\2' + '\0' + little_endian(header.size(), 4) + header;
}

NpyHeader parse_npy_header(const std::string& path, std::span<const std::byte> start,
                           std::size_t file_bytes) {
  const std::string_view bytes(reinterpret_cast<const char*>(start.data()), start.size());
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(start[at]); };
  if (!bytes.starts_with(kMagic))
    throw FormatError(path, 0,
                      fmt::format("found {}, accepted: an .npy file, as numpy.save writes it",
                                  found_instead(start, "npy")));
  if (bytes.size() < kLengthAt) throw FormatError(path, bytes.size(), "ends inside the version");
  const std::size_t major = byte(kVersionAt), minor = byte(kVersionAt + 1);
  if (major < 1 || major > 3 || minor != 0)
    throw FormatError(path, kVersionAt,
                      fmt::format(".npy version {}.{}, accepted: 1.0, 2.0, 3.0", major, minor));

  const std::size_t length_bytes = major == 1 ? 2 : 4, text_at = kLengthAt + length_bytes;
  if (bytes.size() < text_at) throw FormatError(path, bytes.size(), "ends inside the header's length");
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) length |= byte(kLengthAt + i) << (8 * i);
  if (length > file_bytes - text_at)
    throw FormatError(path, kLengthAt,
                      fmt::format("a header of {} bytes in a file of {}: cut short", length, file_bytes));
  if (length > bytes.size() - text_at)
    throw FormatError(
        path, kLengthAt,
        fmt::format("a header of {} bytes, of which only {} are looked at", length, bytes.size() - text_at));

  NpyHeader header = DictParser(path, text_at, bytes.substr(text_at, length)).parse();
  header.data_at = text_at + length;
  require_data(path, header, file_bytes);
  return header;
}

}  // namespace pcnn

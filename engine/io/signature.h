#pragma once

// What a file is by its first bytes, whatever its name says: so that a JPEG named .png is called a JPEG.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pcnn {

// "JPEG", "PNG", "gzip", "zip (.npz)" ...; empty where the bytes are of no format known here, and for none.
[[nodiscard]] std::string_view format_of(std::span<const std::byte> start);

// Whether that is a format of pictures, which can be converted.
[[nodiscard]] bool is_picture_format(std::string_view format);

// What to say was found where these first bytes are of another format than the one needed: "an empty file",
// "a JPEG file", "no PNG file" (wanted: "PNG").
[[nodiscard]] std::string found_instead(std::span<const std::byte> start, std::string_view wanted);

}  // namespace pcnn

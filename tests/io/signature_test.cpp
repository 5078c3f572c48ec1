#include "engine/io/signature.h"

#include <gtest/gtest.h>

#include <string>

namespace pcnn {
namespace {

std::string found(const std::string& text, std::string_view wanted) {
  return found_instead(std::as_bytes(std::span(text)), wanted);
}

TEST(Signature, NamesWhatAFileIs) {
  EXPECT_EQ(found("", "PNG"), "an empty file");
  EXPECT_EQ(found("\xff\xd8\xff\xe0", "PNG"), "a JPEG file");
  EXPECT_EQ(found("RIFF1234WEBPVP8 ", "PNG"), "a WebP file");
  EXPECT_EQ(found("RIFF1234WAVE", "PNG"), "a RIFF file");
  EXPECT_EQ(found("PK\x03\x04", "npy"), "a zip (.npz) file");
  EXPECT_EQ(found(std::string("\0\0\x08\x01", 4), "IDX image"), "an IDX label file");
}

TEST(Signature, KnowsWhatIsAPicture) {
  for (const char* picture : {"PNG", "JPEG", "GIF", "WebP", "TIFF", "BMP"})
    EXPECT_TRUE(is_picture_format(picture));
  for (const char* other : {"", "PDF", "npy", "gzip", "RIFF"}) EXPECT_FALSE(is_picture_format(other));
}

TEST(Signature, KnowsNothingOfOtherBytes) {
  EXPECT_EQ(found("hello", "PNG"), "no PNG file");
  EXPECT_EQ(found("\x89", "PNG"), "no PNG file");
}

}  // namespace
}  // namespace pcnn

#pragma once

// A folder of PNG files as people keep them: all files in it, or a folder of them for each class.

#include <string>
#include <string_view>
#include <vector>

#include "engine/data/image_set.h"

namespace pcnn {

// What a folder holds; no picture is read yet. Folders and files come in the order of comes_before(). The
// files of a class lie anywhere below its folder, as torchvision's ImageFolder takes them.
//
// Passed over without a word: names that begin with a dot (such as macOS's ._0001.png), Thumbs.db,
// desktop.ini and __MACOSX. Everything else without .png at its end, in small or capital letters, is counted
// by kind; so are files of 0 bytes, as copies that were cut short leave them.
struct PngFolder {
  std::string path;
  std::vector<std::string> files;        // relative to `path`, never none
  std::vector<int> labels;               // of each file; empty where there are no class folders
  std::vector<std::string> label_names;  // the class folders
  std::string passed_over;               // see ImageSet
};

// remedy: ends the message where there is no .png file. Throws FileError for that and for what cannot be
// read; ConfigError where files and class folders lie side by side.
[[nodiscard]] PngFolder list_png_folder(const std::string& path, std::string_view remedy);

// Its pictures, of one size and all grey or all RGB as read_png reads them; with `channels`, as read_picture
// does. ids are positions. Throws FileError, FormatError; ConfigError for the first picture that differs.
[[nodiscard]] ImageSet read_png_folder(const PngFolder& folder, int channels = 0);

// A PNG, or a folder of them, as images of so many channels, 1 or 3.
[[nodiscard]] ImageSet read_pictures(const std::string& path, int channels);

// What lies in a folder beside these names, as ImageSet::passed_over says it.
[[nodiscard]] std::string passed_over_beside(const std::string& path, const std::vector<std::string>& names);

}  // namespace pcnn

#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace pcnn {

// What a place to write samples to asks for, by its name.
enum class OutputKind {
  kGrid,    // .png: one picture of all
  kArray,   // .npy: levels
  kFolder,  // a name without an ending, one with a slash at its end, or a folder that exists: single PNGs
};

// Endings in upper or lower case. A number is no ending: runs/v1.2 is a folder. Throws ConfigError for "-",
// an empty name and an ending of another format, which would hardly be meant as the name of a folder.
[[nodiscard]] OutputKind output_kind(const std::string& path);

// Everything that can be wrong with a place to write to, before the work is done. Throws ConfigError.
void check_output(const std::string& path, bool overwrite);

// What write_picture_folder() found in its folder beside what it wrote.
struct FolderRest {
  int removed = 0;                // pictures of an earlier call that drew more
  std::vector<std::string> left;  // all else, in order of name
};

// The pictures as 0000.png, 0001.png ... in a folder, which is made where it is not there. Pictures that an
// earlier call left behind them, numbered on without a gap, are removed: the folder holds the samples of one
// call. Nothing else is touched.
FolderRest write_picture_folder(const std::string& path, std::span<const Image8> pictures, int scale);

// "samples: 3 pictures of an earlier call were removed; 2 other files are left: a.txt, b.txt"; empty where
// there is nothing to say.
[[nodiscard]] std::string describe(const FolderRest& rest, const std::string& path);

}  // namespace pcnn

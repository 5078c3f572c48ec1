#pragma once

// scripts/images_to_npy.py, on pictures made here. Needs Python with Pillow and NumPy.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/io/npy.h"
#include "tests/run/tiny_run.h"
#include "tests/support/shell.h"
#include "tests/support/source_directory.h"
#include "tests/support/text.h"

namespace pcnn {

namespace fs = std::filesystem;

using testing::Outcome;

// With both outputs.
inline Outcome shell(const std::string& command) {
  return testing::shell("{ " + command + "; } 2>&1");
}

// A Python that has Pillow and NumPy; Debian's packages are of /usr/bin/python3. Empty where there is none.
inline std::string python() {
  for (const std::string path : {"python3", "/usr/bin/python3"})
    if (shell(path + " -c 'import PIL, numpy'").exit_code == 0) return path;
  return {};
}

class ImagesToNpy : public ::testing::Test {
 protected:
  void SetUp() override {
    python_ = python();
    if (python_.empty()) GTEST_SKIP() << "needs Pillow and NumPy: apt-get install python3-pil python3-numpy";
    const ::testing::TestInfo& info = *::testing::UnitTest::GetInstance()->current_test_info();
    root_ = ::testing::TempDir() + "pcnn_images_to_npy_" + info.name();
    fs::remove_all(root_);
    fs::create_directories(root_ + "/in");
  }
  void TearDown() override {
    if (!root_.empty()) fs::remove_all(root_);
  }

  // Runs Python code in the folder of the pictures. `save` makes a picture of so many rows and columns whose
  // grey rises from `first` by one a pixel.
  void make(const std::string& code) const {
    std::ofstream(root_ + "/make.py") << R"(
import os, sys
import numpy as np
from PIL import Image
os.chdir(sys.argv[1])
def grey(rows, columns, first=0):
    return Image.fromarray((first + np.arange(rows * columns, dtype=np.uint8)).reshape(rows, columns))
def save(name, rows=2, columns=3, first=0):
    os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
    grey(rows, columns, first).save(name)
)" << code;
    const Outcome made = shell(python_ + " " + root_ + "/make.py " + in());
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }
  [[nodiscard]] Outcome convert(const std::string& options = "") const {
    return shell(python_ + " " + testing::source_directory() + "/scripts/images_to_npy.py " + options + " " +
                 in() + " " + out());
  }
  [[nodiscard]] std::string in() const { return root_ + "/in"; }
  [[nodiscard]] std::string out(const std::string& name = "") const {
    return root_ + "/out" + (name.empty() ? "" : "/" + name);
  }
  [[nodiscard]] std::vector<std::uint16_t> values(const std::string& name) const {
    return read_npy(out(name)).values<std::uint16_t>();
  }
  [[nodiscard]] std::vector<std::int64_t> shape(const std::string& name) const {
    return read_npy(out(name)).shape();
  }

  std::string python_, root_;
};

using Extents = std::vector<std::int64_t>;

using Values = std::vector<std::uint16_t>;
using testing::expect_contains;

}  // namespace pcnn

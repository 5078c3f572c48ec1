// Seeds of the fuzzers, and what they once found, read in the ordinary tests too.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/targets.h"
#include "tests/support/source_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

TEST(FuzzCorpus, IsReadOrRefused) {
  for (const fuzz::NamedTarget& target : fuzz::kTargets) {
    int files = 0;
    for (const auto& entry :
         fs::directory_iterator(pcnn::testing::source_directory() + "/tests/fuzz/corpus/" + std::string(target.name))) {
      SCOPED_TRACE(entry.path());
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      EXPECT_NO_THROW(target.run(std::as_bytes(std::span(text))));
      ++files;
    }
    EXPECT_GE(files, 3) << target.name;
  }
}

}  // namespace
}  // namespace pcnn

// Systems that are not supported are refused in one line, before anything is installed or built.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/io/temporary_directory.h"
#include "tests/support/shell.h"
#include "tests/support/source_directory.h"
#include "tests/support/text.h"

namespace pcnn {
namespace {

TEST(Systems, SetupRefusesAnotherProcessorOrSystem) {
  const TemporaryDirectory directory;
  const auto setup = [&](const std::string& system, const std::string& processor) {
    std::ofstream(directory.file("uname"))
        << "#!/bin/sh\ncase $1 in -s) echo " << system << ";; *) echo " << processor << ";; esac\n";
    std::filesystem::permissions(directory.file("uname"), std::filesystem::perms::owner_all);
    return testing::shell("PATH='" + directory.file("") + "':$PATH '" + testing::source_directory() +
                          "/scripts/setup.sh' --nonsense 2>&1");
  };
  for (const auto& [system, processor] : {std::pair("Linux", "aarch64"), std::pair("Darwin", "x86_64")}) {
    const testing::Outcome outcome = setup(system, processor);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, std::string("setup.sh: found ") + system + " on " + processor +
                                  ", accepted: Linux on x86_64\n");
  }
  testing::expect_contains(setup("Linux", "x86_64").output, "unknown argument '--nonsense'");
}

TEST(Systems, CMakeRefusesAnotherProcessorOrSystem) {
  if (testing::shell("command -v cmake").exit_code != 0) GTEST_SKIP() << "needs cmake";
  const TemporaryDirectory directory;
  const auto configure = [&](const std::string& processor) {
    return testing::shell("cmake -S '" + testing::source_directory() + "' -B '" + directory.file("build") +
                          "' -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=" + processor + " 2>&1");
  };
  const testing::Outcome outcome = configure("aarch64");
  EXPECT_NE(outcome.exit_code, 0);
  testing::expect_contains(outcome.output,
                           "pcnn supports 64-bit Linux on x86-64 only: found 64-bit Linux on aarch64");
}

}  // namespace
}  // namespace pcnn

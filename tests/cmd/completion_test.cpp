// Shell completion, run in the shells themselves.

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "tests/run/program.h"
#include "tests/support/shell.h"
#include "tests/support/source_directory.h"

namespace pcnn {
namespace {

// What bash offers at the end of the line.
std::set<std::string> offered(const std::string& line) {
  const std::string source = testing::source_directory();
  const std::string command =
      "cd '" + source + "' && PATH='" + programs().string() +
      "':$PATH bash -c 'source scripts/completion/pcnn.bash; compopt() { :; }; COMP_LINE=\"" + line +
      "\"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE); _pcnn; printf \"%s\\n\" \"${COMPREPLY[@]}\"'";
  std::istringstream words(testing::shell(command).output);
  std::set<std::string> all;
  for (std::string word; std::getline(words, word);)
    if (!word.empty()) all.insert(word);
  return all;
}

using Words = std::set<std::string>;

TEST(Completion, OffersEveryOptionOfHelp) {
  for (const char* program : {"pcnn-run", "pcnn-sweep", "pcnn-sample", "pcnn-eval", "pcnn-inspect"}) {
    const Words words = offered(std::string(program) + " --");
    std::istringstream help(testing::shell(programs().string() + "/" + program + " --help").output);
    int options = 0;
    for (std::string line; std::getline(help, line);) {
      const std::size_t at = line.find("--");
      if (at == std::string::npos || line.find_first_not_of(' ') > 4 ||
          line[line.find_first_not_of(' ')] != '-')
        continue;
      EXPECT_TRUE(words.contains(line.substr(at, line.find_first_of(" ,", at) - at)))
          << program << ": " << line;
      ++options;
    }
    EXPECT_GE(options, 4) << program;
    EXPECT_TRUE(words.contains("--verbose")) << program;
  }
}

TEST(Completion, OffersKeysAndTheirValues) {
  EXPECT_EQ(offered("pcnn-run configs/mnist.yaml train.optimiser=ad"), (Words{"adam", "adamw"}));
  EXPECT_EQ(offered("pcnn-run configs/mnist.yaml train.average.w"), Words{"train.average.warm_up="});
  EXPECT_EQ(offered("pcnn-sweep configs/mnist.yaml sweep.method="), (Words{"grid", "random"}));
}

TEST(Completion, OffersConfigsFilesAndValuesOfOptions) {
  EXPECT_EQ(offered("pcnn-run configs/mnist_q"), Words{"configs/mnist_quick.yaml"});
  EXPECT_EQ(offered("pcnn-run --resume conf"), Words{"configs"});
  EXPECT_EQ(offered("pcnn-sample runs/x --sampler "), (Words{"incremental", "naive"}));
  EXPECT_EQ(offered("pcnn-eval runs/x --split va"), Words{"validation"});
}

TEST(Completion, OfZshIsReadByIt) {
  if (std::system("command -v zsh >/dev/null 2>&1") != 0) GTEST_SKIP() << "no zsh here";
  EXPECT_EQ(std::system(("zsh -n '" + testing::source_directory() + "/scripts/completion/_pcnn'").c_str()),
            0);
}

}  // namespace
}  // namespace pcnn

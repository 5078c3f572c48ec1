// The programs as their users meet them: options, verbosity, colours.

#include <poll.h>
#include <pty.h>

#include <algorithm>

#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

using Texts = std::vector<std::string>;

const Texts kPrograms{"pcnn-run", "pcnn-sample", "pcnn-eval", "pcnn-inspect", "pcnn-sweep"};

class CommandLinePrograms : public TinyRun {
 protected:
  // What the program says, standard error included.
  [[nodiscard]] std::string said(const std::string& program, const Texts& arguments, int code = 0) const {
    const int status = run_program(program, arguments, root_ + "/said.txt");
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == code) << program << " ended with " << status;
    return slurp(root_ + "/said.txt");
  }
  // The same on a terminal.
  [[nodiscard]] static std::string said_on_terminal(const std::string& program, const Texts& arguments,
                                                    const std::string& variable) {
    int terminal = -1;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
      ::setenv("TERM", "xterm", 1);
      ::unsetenv("NO_COLOR");
      if (const std::size_t equals = variable.find('='); equals != std::string::npos)
        ::setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
      Texts words{programs() / program};
      words.insert(words.end(), arguments.begin(), arguments.end());
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    std::string text;
    char part[4096];
    for (ssize_t got; (got = ::read(terminal, part, sizeof part)) > 0;)
      text.append(part, static_cast<std::size_t>(got));
    ::close(terminal);
    ::waitpid(child, nullptr, 0);
    return text;
  }
};

TEST_F(CommandLinePrograms, RefuseWrongOptionsInOneLine) {
  for (const std::string& program : kPrograms)
    for (const Texts& wrong :
         {Texts{"--nonsense"}, Texts{"--verbos"}, Texts{"-q", "-v", "x", "--output", "y"}, Texts{}}) {
      const std::string text = said(program, wrong, 2);
      EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
      EXPECT_TRUE(text.starts_with(program + ": ")) << text;
    }
  EXPECT_EQ(said("pcnn-run", {"--dyr-run", "a.yaml"}, 2),
            "pcnn-run: --dyr-run: unknown option; did you mean --dry-run?\n");
  EXPECT_EQ(said("pcnn-sample", {"runs/x", "--outptu=a.png"}, 2),
            "pcnn-sample: --outptu: unknown option; did you mean --output?\n");
}

TEST_F(CommandLinePrograms, TakeTheOldNameOfAnOptionButNotBothAtOnce) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  const std::string output = root_ + "/x.png";
  (void)said("pcnn-sample", {directory(), "-o", output, "--flock", "2"});
  (void)said("pcnn-sample", {directory(), "-o", output, "--flock=2", "--overwrite"});
  EXPECT_EQ(
      said("pcnn-sample", {directory(), "-o", output, "--flock", "0"}, 2),
      "pcnn-sample: --chain-batch: Value 0 not in range 1 to 4096; --flock is called --chain-batch now\n");
  EXPECT_EQ(said("pcnn-sample", {directory(), "-o", output, "--flock=2", "--chain-batch", "4"}, 2),
            "pcnn-sample: --flock is what --chain-batch was called: give one of the two\n");
  EXPECT_EQ(
      said("pcnn-eval", {directory(), "--surprise", ""}, 2),
      "pcnn-eval: --nll-map: empty, accepted: the name of a file; --surprise is called --nll-map now\n");
  (void)said("pcnn-inspect", {config(), "--no-proof"});
  EXPECT_EQ(said("pcnn-sample", {directory(), "-o", output, "--sampler", "naive", "--chain-batch", "4"}, 2),
            "pcnn-sample: --chain-batch: only the incremental sampler has batches of chains\n");
}

TEST_F(CommandLinePrograms, RefuseAnEmptyNameOfAFile) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  for (const std::string option : {"--condition", "--complete", "--mask", "--trace"})
    EXPECT_EQ(said("pcnn-sample", {directory(), "-o", root_ + "/x.png", option, ""}, 2),
              "pcnn-sample: " + option + ": empty, accepted: the name of a file\n");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/x.png"));
}

TEST_F(CommandLinePrograms, TellWhoGivesAListHowToSweepOverIt) {
  EXPECT_EQ(said("pcnn-run", {config(), "train.batch=8,16"}, 2),
            "pcnn-run: override 'train.batch=8,16': train.batch: found 8,16, accepted: an integer in [1, "
            "1048576]; to "
            "sweep over the list, add -m\n");
}

TEST_F(CommandLinePrograms, ShowAnExampleAndTheirVersion) {
  for (const std::string& program : kPrograms) {
    EXPECT_NE(said(program, {"--help"}).find("\n  " + program + " "), std::string::npos) << program;
    const std::string version = said(program, {"--version"});
    EXPECT_TRUE(version.starts_with("pcnn 0.")) << version;
    EXPECT_NE(version.find("\noneDNN "), std::string::npos) << version;
    EXPECT_NE(version.find("instructions: "), std::string::npos) << version;
  }
}

TEST_F(CommandLinePrograms, AreQuietOrSayMore) {
  const std::string normal = said("pcnn-run", {config(), "name=normal"});
  EXPECT_NE(normal.find("epoch 3"), std::string::npos);
  EXPECT_EQ(normal.find("gradient norm"), std::string::npos);
  EXPECT_EQ(said("pcnn-run", {config(), "-q", "name=quiet"}), "");
  const std::string verbose = said("pcnn-run", {config(), "-v", "name=verbose"});
  EXPECT_NE(verbose.find("gradient norm"), std::string::npos);
  EXPECT_NE(verbose.find("oneDNN"), std::string::npos);
  for (const char* name : {"normal", "quiet", "verbose"})  // a log has all
    EXPECT_NE(slurp(directory(name) + "/log.txt").find("gradient norm"), std::string::npos) << name;

  EXPECT_EQ(said("pcnn-sample", {directory("normal"), "-q", "-o", root_ + "/s.png"}), "");
  EXPECT_TRUE(std::filesystem::exists(root_ + "/s.png"));
  EXPECT_NE(said("pcnn-eval", {directory("normal"), "-q"}).find("nats/dim"), std::string::npos)
      << "was asked for";
  EXPECT_EQ(said("pcnn-sweep", {config(), "-q", "name=sweep", "train.epochs=1", "seed=1,2"}), "");
}

TEST_F(CommandLinePrograms, ColourErrorsOnTerminalsAlone) {
  const Texts wrong{"--nonsense"};
  EXPECT_TRUE(said_on_terminal("pcnn-run", wrong, "").starts_with("\033[31mpcnn-run:\033[0m --nonsense"));
  EXPECT_TRUE(said_on_terminal("pcnn-run", wrong, "NO_COLOR=").starts_with("\033[31m")) << "empty is not set";
  EXPECT_TRUE(said_on_terminal("pcnn-run", wrong, "NO_COLOR=1").starts_with("pcnn-run: "));
  EXPECT_TRUE(said_on_terminal("pcnn-run", wrong, "TERM=dumb").starts_with("pcnn-run: "));
  EXPECT_TRUE(said("pcnn-run", wrong, 2).starts_with("pcnn-run: "));
}

TEST_F(CommandLinePrograms, RedrawTheirLiveLinesOnATerminal) {
  const std::string text =
      said_on_terminal("pcnn-sweep", {config(), "train.epochs=300", "seed=1,2"}, "NO_COLOR=1");
  EXPECT_NE(text.find("trial 1: epoch "), std::string::npos);
  EXPECT_NE(text.find("A\033[J"), std::string::npos) << "went up over several lines and cleared them";
  EXPECT_NE(text.find("2 done"), std::string::npos);
}

}  // namespace
}  // namespace pcnn

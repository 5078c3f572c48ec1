// pcnn-sweep: trains a config many times over, each time with other values.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "engine/sweep/sweep.h"

int main(int argc, char** argv) {
  pcnn::CommandLine program(
      "pcnn-sweep",
      "Trains a config many times over, each time with other values, and says which were best.\n"
      "  pcnn-sweep configs/sweep_mnist.yaml\n"
      "  pcnn-sweep configs/sweep_mnist.yaml sweep.trials=32 sweep.parallel=4\n"
      "  pcnn-sweep configs/mnist_quick.yaml train.learning_rate=0.001,0.003 train.batch=16,32 name=rates\n"
      "key=a,b,c is a list to sweep over, key=value one value for all trials. The same command goes on with "
      "a "
      "sweep\n"
      "that was interrupted. Exit codes: 0 where every trial is done or was stopped early, 3 where some "
      "failed, "
      "2 where all\n"
      "did or the sweep is refused.");
  CLI::App& app = program.options();
  pcnn::SweepOptions options;
  std::vector<std::string> arguments;
  app.add_option("config", arguments, "the config file, then any number of key=value and key=a,b,c");
  app.add_flag(
      "--retry-failed", options.retry_failed,
      "run the trials again that failed, or whose results are gone; those that diverged would do so again");
  app.add_flag("--dry-run", options.dry_run,
               "check every trial's config, data and network, print the plan, and stop; writes nothing");
  if (const std::optional<int> code = program.parse(argc, argv)) return *code;
  options.verbosity = program.verbosity();
  options.ranks = program.ranks();
  if (arguments.empty() || arguments.front().find('=') != std::string::npos)
    return program.refuse("no config file given: pcnn-sweep configs/sweep_mnist.yaml, or --help");
  options.config = arguments.front();
  options.arguments.assign(arguments.begin() + 1, arguments.end());
  options.program = pcnn::beside_this_program("pcnn-run");

  return program.run([&] { pcnn::sweep(options); });
}

// pcnn-sweep: trains a config many times over, each time with other values.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "cmd/own_path.h"
#include "cmd/report_errors.h"
#include "engine/core/parallel.h"
#include "engine/sweep/sweep.h"

int main(int argc, char** argv) {
  pcnn::flush_denormals_to_zero();

  CLI::App app{
      "Trains a config many times over, each time with other values, and says which were best.\n"
      "  pcnn-sweep configs/sweep_mnist.yaml\n"
      "  pcnn-sweep configs/sweep_mnist.yaml sweep.trials=32 sweep.parallel=4\n"
      "  pcnn-sweep configs/mnist_quick.yaml train.learning_rate=0.001,0.003 train.batch=16,32 name=rates\n"
      "key=a,b,c is a list to sweep over, key=value one value for all trials. The same command goes on with "
      "a "
      "sweep\n"
      "that was interrupted."};
  pcnn::SweepOptions options;
  std::vector<std::string> arguments;
  app.add_option("config", arguments, "the config file, then any number of key=value and key=a,b,c");
  app.add_flag("--retry-failed", options.retry_failed, "run the trials that failed again");
  app.set_version_flag("--version", "pcnn " PCNN_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (arguments.empty() || arguments.front().find('=') != std::string::npos) {
    std::fputs("pcnn-sweep: no config file given: pcnn-sweep configs/sweep_mnist.yaml, or --help\n", stderr);
    return 2;
  }
  options.config = arguments.front();
  options.arguments.assign(arguments.begin() + 1, arguments.end());
  options.program = pcnn::beside_this_program("pcnn-run");

  return pcnn::report_errors("pcnn-sweep", [&] { pcnn::sweep(options); });
}

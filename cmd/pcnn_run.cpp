// pcnn-run: trains the network of a config, draws samples and scores the test split.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cmd/own_path.h"
#include "cmd/report_errors.h"
#include "engine/core/parallel.h"
#include "engine/run/run.h"
#include "engine/sweep/sweep.h"

int main(int argc, char** argv) {
  pcnn::flush_denormals_to_zero();

  CLI::App app{
      "Trains a PixelCNN as a config says, draws samples from it and scores the test split.\n"
      "  pcnn-run configs/mnist.yaml\n"
      "  pcnn-run configs/mnist.yaml train.epochs=2 model.blocks.repeat=3 name=small\n"
      "  pcnn-run --resume runs/mnist train.epochs=20\n"
      "  pcnn-run -m configs/mnist.yaml train.learning_rate=0.001,0.003 name=rates"};
  pcnn::RunOptions options;
  std::vector<std::string> arguments;
  app.add_option("config", arguments, "the config file, then any number of key.path=value overrides");
  app.add_option("--resume", options.resume, "continue the run in this directory");
  app.add_flag("--dry-run", options.dry_run, "print the network table, receptive field and memory, and stop");
  bool multirun = false;
  app.add_flag("-m,--multirun", multirun, "a sweep, as pcnn-sweep: key=a,b,c is a list to sweep over");
  app.add_option("--progress", options.progress_seconds,
                 "seconds between lines of progress, where standard output is no terminal (30)")
      ->check(CLI::Range(1, 86400));
  app.set_version_flag("--version", "pcnn " PCNN_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.resume.empty()) {
    if (arguments.empty() || arguments.front().find('=') != std::string::npos) {
      std::fputs("pcnn-run: no config file given: pcnn-run configs/mnist.yaml, or --help\n", stderr);
      return 2;
    }
    options.config = arguments.front();
    arguments.erase(arguments.begin());
  }
  options.overrides = arguments;
  if (multirun) {
    if (options.dry_run || !options.resume.empty()) {
      std::fputs(
          "pcnn-run: --multirun: not with --dry-run or --resume; the same command goes on with a sweep\n",
          stderr);
      return 2;
    }
    const pcnn::SweepOptions sweep{
        .config = options.config, .arguments = arguments, .program = pcnn::beside_this_program("pcnn-run")};
    return pcnn::report_errors("pcnn-run", [&] { pcnn::sweep(sweep); });
  }

  return pcnn::report_errors("pcnn-run", [&] { pcnn::run(options); });
}

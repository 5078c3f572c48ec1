// pcnn-run: trains the network of a config, draws samples and scores the test split.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "engine/core/error.h"
#include "engine/run/run.h"
#include "engine/sweep/config_schema.h"
#include "engine/sweep/sweep.h"
#include "engine/sweep/sweep_arguments.h"

namespace {

// Whoever gives a list where one value is read may have meant to sweep.
void run_once(const pcnn::RunOptions& options) {
  try {
    pcnn::run(options);
  } catch (const pcnn::ConfigError& error) {
    const std::string message = error.what();
    for (const std::string& text : options.overrides)
      if (message.starts_with("override '" + text + "'") && pcnn::split_at_commas(text).size() > 1)
        throw pcnn::ConfigError(message + "; to sweep over the list, add -m");
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  pcnn::CommandLine program(
      "pcnn-run",
      "Trains a PixelCNN as a config says, draws samples from it and scores the test split.\n"
      "  pcnn-run configs/mnist.yaml\n"
      "  pcnn-run configs/mnist.yaml train.epochs=2 model.blocks.repeat=3 name=small\n"
      "  pcnn-run configs/mnist.yaml train.start_from=runs/mnist train.learning_rate=0.0001 name=finer\n"
      "  pcnn-run --resume runs/mnist train.epochs=20\n"
      "  pcnn-run -m configs/mnist.yaml train.learning_rate=0.001,0.003 name=rates");
  CLI::App& app = program.options();
  pcnn::RunOptions options;
  std::vector<std::string> arguments;
  app.add_option("config", arguments, "the config file, then any number of key.path=value overrides");
  app.add_option("--resume", options.resume, "continue the run in this directory");
  app.add_flag(
      "--dry-run", options.dry_run,
      "print the network table, receptive field, memory and data, and stop; refuses what the run would "
      "refuse at its start, and writes nothing");
  bool multirun = false;
  app.add_flag("-m,--multirun", multirun,
               "run a sweep, as pcnn-sweep does; key=a,b,c is a list to sweep over");
  app.add_option("--progress", options.progress_seconds,
                 "seconds between lines of progress, where standard output is no terminal (30)")
      ->check(CLI::Range(1, 86400));
  bool schema = false, keys = false;
  app.add_flag("--schema", schema, "print a JSON Schema (draft-07) of configs, for editors");
  app.add_flag("--keys", keys, "print every key of configs, for shell completion");
  if (const std::optional<int> code = program.parse(argc, argv)) return *code;
  options.ranks = program.ranks();
  options.verbosity = program.verbosity();
  if (schema || keys)
    return program.run([&] { pcnn::print(schema ? pcnn::config_schema() : pcnn::config_key_lines()); });
  if (options.resume.empty()) {
    if (arguments.empty() || arguments.front().find('=') != std::string::npos)
      return program.refuse("no config file given: pcnn-run configs/mnist.yaml, or --help");
    options.config = arguments.front();
    arguments.erase(arguments.begin());
  }
  options.overrides = arguments;
  if (multirun) {
    if (!options.resume.empty())
      return program.refuse("--multirun: not with --resume; the same command goes on with a sweep");
    const pcnn::SweepOptions sweep{.config = options.config,
                                   .arguments = arguments,
                                   .program = pcnn::beside_this_program("pcnn-run"),
                                   .retry_failed = false,
                                   .dry_run = options.dry_run,
                                   .verbosity = program.verbosity()};
    return program.run([&] { pcnn::sweep(sweep); });
  }

  return program.run([&] { run_once(options); });
}

// pcnn-inspect: shows what a network is and sees, and verifies that it does not see what it is to predict.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "engine/run/inspect_run.h"

int main(int argc, char** argv) {
  pcnn::CommandLine program(
      "pcnn-inspect",
      "Prints the layers and the receptive field of a network, and verifies its causality: the image is "
      "changed\n"
      "at every place, and no logit there or before may move by a bit.\n"
      "  pcnn-inspect configs/mnist.yaml\n"
      "  pcnn-inspect configs/mnist.yaml model.blocks.repeat=3 --field field.png\n"
      "  pcnn-inspect runs/mnist --threads 2");
  CLI::App& app = program.options();
  pcnn::InspectOptions options;
  std::vector<std::string> arguments;
  app.add_option("network", arguments,
                 "a config, then any number of key.path=value overrides; or a run directory (its best "
                 "parameters), or a checkpoint (.safetensors)");
  app.add_option("--field", options.field, "a .png file to draw the receptive field to")
      ->check([](const std::string& path) { return path.empty() ? "empty, accepted: a name in .png" : ""; });
  app.add_option("--graph", options.graph,
                 "a .json file for the network as other programs read it (docs/interchange.md); -: standard "
                 "output, and nothing else")
      ->check([](const std::string& path) {
        return path.empty() ? "empty, accepted: a name in .json, or -" : "";
      });
  app.add_option("--scale", options.scale, "picture pixels per image pixel (16)")->check(CLI::Range(1, 64));
  app.add_flag("--overwrite", options.overwrite, "write over a file that exists");
  app.add_option("--threads", options.threads, "threads to use; results do not depend on it (all cores)")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--formulas", options.formulas,
               "print what every node of the network computes; 7x7A * x is a convolution with mask A");
  bool no_verify = false;
  app.add_flag("--no-verify", no_verify, "print the table and the receptive field only");
  program.rename("--no-proof", "--no-verify");
  if (const std::optional<int> code = program.parse(argc, argv)) return *code;
  options.verbosity = program.verbosity();
  if (arguments.empty() || arguments.front().find('=') != std::string::npos)
    return program.refuse("no network given: pcnn-inspect configs/mnist.yaml, or --help");
  options.verifies = !no_verify;
  options.network = arguments.front();
  options.overrides.assign(arguments.begin() + 1, arguments.end());

  return program.run([&] { pcnn::inspect(options); });
}

// pcnn-eval: scores images with a trained model.

#include <CLI/CLI.hpp>
#include <string>

#include "cmd/command_line.h"
#include "engine/run/eval_run.h"

int main(int argc, char** argv) {
  pcnn::CommandLine program(
      "pcnn-eval",
      "Scores images with a trained model: exact negative log-likelihoods, with intervals.\n"
      "  pcnn-eval runs/mnist\n"
      "  pcnn-eval runs/mnist data.directory=elsewhere/mnist --split validation --json\n"
      "  pcnn-eval runs/mnist --scores scores.csv --nll-map nll_map.png\n"
      "  pcnn-eval runs/mnist --images mine.npy --scores mine.csv\n"
      "  pcnn-eval runs/mnist --images drawings --scores drawings.csv\n"
      "  pcnn-eval runs/mnist --background runs/mnist_quick --images mine.npy --scores ratios.csv\n"
      "  pcnn-eval runs/mnist_class --classify --scores classes.csv\n"
      "The data set, its split and its coding are the run's. Intervals are of the mean over images: 95 %, "
      "that is\n"
      "1.96 * sample standard deviation / sqrt(images) to either side.");
  CLI::App& app = program.options();
  pcnn::EvalOptions options;
  bool json = false;
  app.add_option("model", options.model, "a run directory (its best parameters) or a checkpoint file")
      ->required();
  app.add_option(
      "overrides", options.overrides,
      "key=value: of data.* (data.directory=DIR where the files have moved), threads or precision");
  app.add_option("--split", options.split, "test, validation or train (test)")
      ->check(CLI::IsMember({"test", "validation", "train"}));
  app.add_option("--images", options.images,
                 "score these instead: .npy of pixels or levels, [n] x [channels] x height x width (channels "
                 "last with data.layout=nhwc); a PNG; or a folder of PNGs, or of a folder for each class; of "
                 "any size")
      ->check(pcnn::refuse_empty);
  app.add_option(
         "--condition", options.condition,
         "of a model with model.condition.vector or map: .npy of what is known of those images, a row for "
         "each, rows x numbers, or rows x [maps] x height x width; a folder's in the order of its files' "
         "names; what is known of a split is read with it")
      ->check(pcnn::refuse_empty);
  app.add_flag("--json", json, "one JSON object on standard output and nothing else");
  app.add_option("--scores", options.scores,
                 ".csv for the score of every image; with its file and class where it has them")
      ->check(pcnn::refuse_empty);
  app.add_flag(
      "--classify", options.classify,
      "of a model with model.condition.classes: the most probable class of every image (in --scores) and how "
      "many are right; p(class | image) by Bayes' rule, each class as likely beforehand. Every class "
      "is scored, which takes as many times as long");
  app.add_option(
         "--background", options.background,
         "a second model, run directory or checkpoint, that takes the same images: gives the log-likelihood "
         "ratio log p - log p of the background, in nats, of every image (in --scores) and their mean. Of "
         "images unlike the model's data it is low")
      ->check(pcnn::refuse_empty);
  app.add_option("--nll-map", options.nll_map,
                 ".png: the most and the least likely images, each beside its map of nats per pixel")
      ->check(pcnn::refuse_empty);
  program.rename("--surprise", "--nll-map");
  app.add_option("--count,-n", options.count, "images of each kind in the picture of --nll-map (8)")
      ->check(CLI::Range(1, 10000));
  app.add_option("--threads", options.threads, "threads to use; results do not depend on it (all cores)")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--overwrite", options.overwrite, "write over files that exist");
  if (const std::optional<int> code = program.parse(argc, argv)) return *code;
  options.ranks = program.ranks();
  options.live = !json && program.verbosity() != pcnn::Verbosity::kQuiet;

  return program.run([&] {
    const pcnn::Evaluation evaluation = pcnn::evaluate(options);
    const std::string report =
        json ? pcnn::report_json(evaluation, options) : pcnn::report_text(evaluation, options);
    pcnn::print(report);
  });
}

// pcnn-sample: draws images from a trained model.

#include <CLI/CLI.hpp>
#include <string>

#include "cmd/command_line.h"
#include "engine/run/sample_run.h"

int main(int argc, char** argv) {
  pcnn::CommandLine program(
      "pcnn-sample",
      "Draws images from a trained model.\n"
      "  pcnn-sample runs/mnist --count 64 --seed 7 --output grid.png\n"
      "  pcnn-sample runs/mnist --count 10000 --output samples.npy\n"
      "  pcnn-sample runs/mnist --temperature 0 --output most_likely.png\n"
      "  pcnn-sample runs/mnist_class --class 7,3 --count 20 --output sevens_and_threes.png\n"
      "  pcnn-sample runs/mnist --complete partial.png --mask known.png --output completions.png\n"
      "Images are drawn in raster order: a completion looks at the known pixels above and to the left of "
      "each pixel\n"
      "it draws, never at those after the hole, so holes near the lower edge come out best.");
  CLI::App& app = program.options();
  pcnn::SampleOptions options;
  std::string sampler = "incremental", precision, speculate = "auto";
  app.add_option("model", options.model, "a run directory (its best parameters) or a checkpoint file")
      ->required();
  app.add_option(
         "--output,-o", options.output,
         ".png: a grid; .npy: levels as uint8 (more than 256 of them: uint16), count x channels x height x "
         "width; a name without an ending, or with a slash at its end: a folder of single PNGs")
      ->required();
  app.add_option("--count,-n", options.count,
                 "images to draw (25), or completions of each partial image (7), shared out to the classes "
                 "or the rows of --condition (10 of each, or a completion); at temperature 0, where all of "
                 "one are the same, 1")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--class", options.classes,
                 "of a model with model.condition.classes: classes to draw, as in 7 or 0,1,2; a row of the "
                 "grid for each (all of them)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 65535));
  app.add_option("--condition", options.condition,
                 "of a model with model.condition.vector or map: .npy of what it is told, rows x numbers, or "
                 "rows x [maps] x height x width; a row of the grid for each; with --complete a row for each "
                 "image, or one for all")
      ->check(pcnn::refuse_empty);
  app.add_option("--seed", options.seed, "same seed, same images (1)")
      ->check(CLI::Range(std::uint64_t{0}, (std::uint64_t{1} << 63) - 1));
  app.add_option(
         "--temperature", options.temperature,
         "0 to 1000: each level's probability to the power of 1 / temperature, normalised; below 1 "
         "bolder, above 1 wilder (1). For bernoulli and softmax heads that is logits / temperature; for "
         "logistic mixtures it is the mixture's probability of the level, given the channels before it. "
         "0: the most probable level of every pixel, the lowest of several; no seed matters")
      ->check(CLI::Range(0.0, 1000.0));
  app.add_option("--height", options.height, "rows of the images (as trained)")->check(CLI::Range(1, 65536));
  app.add_option("--width", options.width, "columns of the images (as trained)")->check(CLI::Range(1, 65536));
  app.add_option(
         "--complete", options.complete,
         "images to complete: a PNG or a folder of them, or .npy of levels ([n] x [channels] x height x "
         "width)")
      ->check(pcnn::refuse_empty);
  app.add_option(
         "--mask", options.mask,
         "what is known of them: white in a PNG, not 0 in a .npy; the rest is drawn; one for all, or a "
         "folder with one for each under the image's name")
      ->check(pcnn::refuse_empty);
  app.add_option(
         "--trace", options.trace,
         ".npy for the probabilities each value was drawn with: float32; of a 1, shaped as the images, or of "
         "every level, in an axis after those")
      ->check(pcnn::refuse_empty);
  app.add_option("--sampler", sampler,
                 "incremental, or naive: one forward pass per pixel, for checking (incremental)")
      ->check(CLI::IsMember({"incremental", "naive"}));
  app.add_option("--precision", precision,
                 "auto, f32 or bf16; images differ a little between the two (as the run was trained)")
      ->check(CLI::IsMember({"auto", "f32", "bf16"}));
  app.add_option("--chain-batch", options.sampler.chain_batch,
                 "chains that are drawn together; results do not depend on it (chosen)")
      ->check(CLI::Range(1, 4096));
  program.rename("--flock", "--chain-batch");
  app.add_option("--speculate", speculate,
                 "auto, off, or the pixels of a row, 2 to 64, that are guessed and then computed at once; a "
                 "wrong guess costs time, and results do not depend on it (auto: where images are few)")
      ->check([](const std::string& word) {
        return pcnn::speculation_named(word) ? std::string()
                                             : "'" + word + "' is not auto, off or a number from 2 to 64";
      });
  app.add_option("--threads", options.threads, "threads to use; results do not depend on it (all cores)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--columns", options.columns, "images per row of the grid (nearest to a square)")
      ->check(CLI::Range(1, 1000));
  app.add_option(
         "--scale", options.scale,
         "picture pixels per image pixel (4 in a grid; 1 in a folder, so that pcnn-eval --images scores "
         "what was drawn)")
      ->check(CLI::Range(1, 64));
  app.add_flag("--overwrite", options.overwrite,
               "write over files that exist; in a folder, replace the pictures of an earlier call");
  if (const std::optional<int> code = program.parse(argc, argv)) return *code;
  options.ranks = program.ranks();
  options.verbosity = program.verbosity();

  if (precision == "auto") options.precision = pcnn::PrecisionChoice{};
  if (precision == "f32") options.precision = pcnn::Precision::kF32;
  if (precision == "bf16") options.precision = pcnn::Precision::kBf16;
  options.sampler.speculate = pcnn::speculation_named(speculate).value_or(pcnn::kSpeculateAuto);
  if (sampler == "naive") options.sampler.kind = pcnn::SamplerKind::kNaive;
  if (sampler == "naive" && options.sampler.chain_batch != 0)
    return program.refuse("--chain-batch: only the incremental sampler has batches of chains");
  if (sampler == "naive" && options.sampler.speculate > 1)
    return program.refuse("--speculate: only the incremental sampler guesses pixels");

  return program.run([&] { pcnn::sample(options); });
}

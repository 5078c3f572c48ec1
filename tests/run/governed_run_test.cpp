// Runs and scores where an override chooses another data set than the config that a run has left.

#include "engine/run/eval_data.h"
#include "engine/run/eval_run.h"
#include "engine/run/metrics.h"
#include "engine/run/trained_model.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

// Images as MNIST's are; two patterns that a network tells apart.
void write_mnist_like(const std::string& path, int count, int shift) {
  constexpr int kSide = 28;
  std::ofstream file(path, std::ios::binary);
  for (const int number : {0x0803, count, kSide, kSide})
    for (const int bits : {24, 16, 8, 0}) file.put(static_cast<char>(number >> bits));
  for (int i = 0; i < count; ++i)
    for (int row = 0; row < kSide; ++row)
      for (int column = 0; column < kSide; ++column)
        file.put(static_cast<char>((row * shift + column + i) % 7 < 3 ? 255 - i : i));
}

class GovernedRun : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    for (const auto& [name, shift] : {std::pair{"digits", 1}, {"clothes", 3}}) {
      std::filesystem::create_directories(root_ + "/" + name);
      write_mnist_like(root_ + "/" + name + "/train-images-idx3-ubyte", 12, shift);
      write_mnist_like(root_ + "/" + name + "/t10k-images-idx3-ubyte", 5, shift + 1);
    }
    std::ofstream(config()) << "name: tiny\noutput: " << root_ << "/runs\nthreads: 2\n"
                            << "data: {dataset: mnist, directory: " << root_
                            << "/digits, validation_images: 2}\n"
                            << "model: {input: {kernel: 3, filters: 4}, output: {filters: 4}}\n"
                            << "train: {optimiser: adam, batch: 5, epochs: 1, learning_rate: 0.01}\n"
                            << "sample: {count: 0}\n";
    run({.config = config()});
  }
  [[nodiscard]] EvalOptions with(const std::vector<std::string>& overrides) const {
    return {.model = directory(), .overrides = overrides, .live = false};
  }
};

TEST_F(GovernedRun, AnotherDatasetIsScoredFromItsOwnDirectory) {
  const std::string clothes = "data.directory=" + root_ + "/clothes";
  const Evaluation digits = evaluate(with({}));
  const Evaluation fashion = evaluate(with({"data.dataset=fashion-mnist", clothes}));
  const Evaluation by_file = evaluate(with({"data.dataset=idx", clothes}));
  EXPECT_EQ(fashion.split, "Fashion-MNIST test split, 5 images");
  EXPECT_EQ(fashion.nats, by_file.nats);
  EXPECT_NE(fashion.nats, digits.nats);

  const TrainedModel model = load_trained_model(directory());
  const RunConfig config = overridden_config(model, with({"data.dataset=fashion-mnist"}));
  EXPECT_EQ(config.data.directory, "/usr/share/datasets/fashion-mnist") << "not that of the digits";
  const std::string note =
      "data.directory: " + root_ + "/digits is left out, it belongs to data.dataset: mnist";
  EXPECT_EQ(config.notes, std::vector<std::string>{note});
  // Where that data set is on this machine it is scored, and nothing else.
  try {
    const Evaluation evaluation = evaluate(with({"data.dataset=fashion-mnist"}));
    EXPECT_EQ(evaluation.score.images, 10000);
    EXPECT_EQ(evaluation.notes.front(), note);
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("/usr/share/datasets/fashion-mnist")) << error.what();
  }
  EXPECT_TRUE(
      error_of([&] { (void)evaluate(with({"data.dataset=npy"})); })
          .ends_with("data.directory: missing: dataset npy needs the directory that holds train.npy and "
                     "test.npy"));
}

TEST_F(GovernedRun, AResolvedConfigTrainsOnTheDatasetThatIsAskedFor) {
  const std::string resolved = directory() + "/config.yaml";
  run({.config = resolved,
       .overrides = {"data.dataset=fashion-mnist", "data.directory=" + root_ + "/clothes", "name=clothes",
                     "train.optimiser=sgd"}});
  run({.config = config(),
       .overrides = {"data.dataset=idx", "data.directory=" + root_ + "/clothes", "name=again",
                     "train.optimiser=sgd"}});
  EXPECT_EQ(read_metrics_log(directory("clothes") + "/metrics.jsonl").epochs.at(0).train_nats_per_dim,
            read_metrics_log(directory("again") + "/metrics.jsonl").epochs.at(0).train_nats_per_dim);
  const std::string log = slurp(directory("clothes") + "/log.txt");
  EXPECT_NE(log.find("note: train.epsilon: 1.0e-07, train.beta1: 0.9, train.beta2: 0.999 are left out, they "
                     "belong to train.optimiser: adam"),
            std::string::npos)
      << log;
  const std::string left = slurp(directory("clothes") + "/config.yaml");
  EXPECT_EQ(left.find("beta1"), std::string::npos);
  EXPECT_NE(left.find("directory: " + root_ + "/clothes"), std::string::npos);
}

}  // namespace
}  // namespace pcnn

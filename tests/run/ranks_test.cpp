// Runs, scores and samples of several ranks have the bits of one.

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "engine/run/eval_run.h"
#include "engine/run/sample_run.h"
#include "engine/run/serve.h"
#include "tests/run/tiny_run.h"
#include "tests/support/text.h"
#include "tests/support/thread_ranks.h"

namespace pcnn {
namespace {

// The program on rank 0, and the service on the others. What rank 0 throws is an exit code of 2.
void as_ranks(int size, const std::function<void(Ranks*)>& program,
              const testing::ThreadRanks::Damage& damage = {}) {
  const auto work = [&](Ranks& ranks) {
    if (ranks.rank() > 0) return serve(ranks, "pcnn-test");
    begin_service(ranks);
    int exit_code = 0;
    try {
      program(&ranks);
    } catch (const Error&) {
      exit_code = 2;
      end_service(ranks, exit_code);
      throw;
    }
    end_service(ranks, exit_code);
  };
  testing::run_ranks(size, work, damage);
}

class RanksRun : public TinyRun {
 protected:
  void train_on(int size, const std::string& name, std::vector<std::string> overrides = {}) {
    overrides.insert(overrides.end(), {"name=" + name, "threads=1"});
    as_ranks(size, [&](Ranks* ranks) {
      run({.config = config(), .overrides = overrides, .verbosity = Verbosity::kQuiet, .ranks = ranks});
    });
  }
  void train_alone(const std::string& name, std::vector<std::string> overrides = {}) {
    overrides.push_back("name=" + name);
    run({.config = config(), .overrides = overrides, .verbosity = Verbosity::kQuiet});
  }
  void expect_same(const std::string& name, const std::string& other) {
    EXPECT_EQ(metrics_of(name), metrics_of(other));
    for (const char* const of : {"best", "checkpoint"})
      EXPECT_EQ(tensors(name, of), tensors(other, of)) << of;
  }
  // Behind the header, which names the run and its times.
  std::string tensors(const std::string& name, const std::string& of) const {
    const std::string bytes = slurp(directory(name) + "/" + of + ".safetensors");
    std::size_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    return bytes.substr(sizeof header + header);
  }
};

TEST_F(RanksRun, HasTheBitsOfOneProcessOnAnyNumberOfRanks) {
  // 39 images in batches of 8 and shards of 2: the last batch has four shards, the last of them ragged.
  const std::vector<std::string> overrides = {"train.shard_images=2", "model.dropout=0.25",
                                              "train.clip_norm=0.5", "train.input_noise=0.1"};
  train_alone("alone", overrides);
  for (const int size : {2, 3, 5, 7}) {
    const std::string name = "of" + std::to_string(size);
    train_on(size, name, overrides);
    expect_same("alone", name);
  }
}

TEST_F(RanksRun, WithEveryOptimiserHasTheBitsOfOneProcess) {
  for (const char* const optimiser : {"rmsprop", "adamw", "sgd", "muon"}) {
    const std::vector<std::string> overrides = {std::string("train.optimiser=") + optimiser,
                                                "train.epochs=1"};
    train_alone(std::string("alone_") + optimiser, overrides);
    train_on(3, optimiser, overrides);
    expect_same(std::string("alone_") + optimiser, optimiser);
  }
}

TEST_F(RanksRun, GoesOnWithAnotherNumberOfRanks) {
  train_alone("alone");
  train_on(3, "begun", {"train.steps=7"});
  as_ranks(2, [&](Ranks* ranks) {
    run({.resume = directory("begun"),
         .overrides = {"train.steps=null"},
         .verbosity = Verbosity::kQuiet,
         .ranks = ranks});
  });
  EXPECT_EQ(tensors("alone", "checkpoint"), tensors("begun", "checkpoint"));
}

TEST_F(RanksRun, ScoresAndDrawsTheSame) {
  train_alone("tiny");
  const Evaluation alone = evaluate({.model = directory(), .live = false});
  const auto draw = [&](const std::string& name, Ranks* ranks) {
    sample({.model = directory(),
            .output = root_ + "/" + name + ".npy",
            .count = 7,
            .seed = 3,
            .trace = root_ + "/" + name + "_trace.npy",
            .verbosity = Verbosity::kQuiet,
            .ranks = ranks});
    return slurp(root_ + "/" + name + ".npy") + slurp(root_ + "/" + name + "_trace.npy");
  };
  const std::string drawn = draw("alone", nullptr);
  for (const int size : {2, 3, 5, 9})
    as_ranks(size, [&](Ranks* ranks) {
      EXPECT_EQ(draw("of" + std::to_string(size), ranks), drawn);
      const Evaluation scored = evaluate({.model = directory(),
                                          .nll_map = root_ + "/map" + std::to_string(size) + ".png",
                                          .live = false,
                                          .ranks = ranks});
      EXPECT_EQ(scored.nats, alone.nats);
    });
}

TEST_F(RanksRun, CompletesTheSame) {
  train_alone("tiny");
  const std::string partial = root_ + "/partial.npy", mask = root_ + "/mask.npy";
  sample({.model = directory(), .output = partial, .count = 2, .verbosity = Verbosity::kQuiet});
  sample({.model = directory(), .output = mask, .count = 1, .seed = 9, .verbosity = Verbosity::kQuiet});
  const auto complete = [&](const std::string& name, Ranks* ranks) {
    sample({.model = directory(),
            .output = root_ + "/" + name + ".npy",
            .count = 3,
            .complete = partial,
            .mask = mask,
            .verbosity = Verbosity::kQuiet,
            .ranks = ranks});
    return slurp(root_ + "/" + name + ".npy");
  };
  const std::string alone = complete("alone", nullptr);
  as_ranks(4, [&](Ranks* ranks) { EXPECT_EQ(complete("of4", ranks), alone); });
}

TEST_F(RanksRun, OfClassesHasTheBitsOfOneProcess) {
  std::ofstream labels(root_ + "/data/train-labels-idx1-ubyte", std::ios::binary);
  std::ofstream test_labels(root_ + "/data/t10k-labels-idx1-ubyte", std::ios::binary);
  for (const auto& [file, count] : {std::pair{&labels, 50}, std::pair{&test_labels, 9}}) {
    for (const int number : {0x0801, count})
      for (const int shift : {24, 16, 8, 0}) file->put(static_cast<char>(number >> shift));
    for (int i = 0; i < count; ++i) file->put(static_cast<char>(i % 3));
  }
  labels.close();
  test_labels.close();
  const std::vector<std::string> overrides = {"data.labels=true", "model.condition={classes: 3}"};
  train_alone("alone", overrides);
  train_on(3, "of3", overrides);
  expect_same("alone", "of3");
  const EvalOptions options{.model = directory("of3"), .classify = true, .live = false};
  const std::vector<double> nats = evaluate(options).nats;
  as_ranks(2, [&](Ranks* ranks) {
    EvalOptions on_two = options;
    on_two.ranks = ranks;
    EXPECT_EQ(evaluate(on_two).nats, nats);
  });
}

TEST_F(RanksRun, EndsWhereARankTrainsAnotherNetworkAndKeepsTheCheckpointBefore) {
  const std::vector<std::string> overrides = {"train.checkpoint_every={steps: 2}", "train.shard_images=2",
                                              "threads=1"};
  train_alone("alone", overrides);
  for (const int faulty : {0, 1, 2}) {
    const std::string name = "faulty" + std::to_string(faulty);
    std::vector<std::string> own = overrides;
    own.push_back("name=" + name);
    // In each step of four shards a rank receives from either of the others a part of its share of the sum,
    // then the share of that other, which each keeps for itself; then the nats. Five steps make an epoch.
    int received = 0;
    const auto damage = [&](int rank, std::span<float> values) {
      if (rank != faulty || values.size() <= 2) return;
      const int step = 1 + received / 4, part = received % 4;
      received += 1;
      if (step == 7 && part == 3)
        for (float& value : values) value += 0.25f;  // the first may belong to a dead weight
    };
    std::string said;
    try {
      as_ranks(
          3,
          [&](Ranks* ranks) {
            run({.config = config(), .overrides = own, .verbosity = Verbosity::kQuiet, .ranks = ranks});
          },
          damage);
    } catch (const ComputeError& error) {
      said = error.what();
    }
    EXPECT_EQ(said, "rank " + std::to_string(faulty) +
                        ": after step 7 its parameters or its optimiser's state are not those of " +
                        (faulty == 0 ? "the other ranks" : "rank 0") +
                        ": a fault of its memory or its network; the state of step 5 is kept in " +
                        directory(name) + "/checkpoint.safetensors");
    EXPECT_EQ(message_of({.resume = directory(name), .verbosity = Verbosity::kQuiet}), "");
    expect_same("alone", name);
  }
}

TEST_F(RanksRun, LetsTheOthersEndWhereRankZeroRefuses) {
  EXPECT_THROW(train_on(3, "x", {"train.batch=0"}), ConfigError);
  train_alone("tiny");
  EXPECT_THROW(train_on(2, "tiny"), ConfigError);  // the directory is there
}

}  // namespace
}  // namespace pcnn

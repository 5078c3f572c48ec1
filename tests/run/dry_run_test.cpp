// pcnn-run --dry-run: refuses what the run would refuse at its start, in the same words, and writes nothing.

#include <map>

#include "engine/io/safetensors.h"
#include "engine/run/run_lock.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

class DryRun : public TinyRun {
 protected:
  // Every file and folder, with its content.
  [[nodiscard]] std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(root_))
      all[entry.path()] = entry.is_regular_file() ? slurp(entry.path()) : "";
    return all;
  }
  // What a dry run says; that it is what the run says too; and that it left no trace.
  [[nodiscard]] std::string refusal(RunOptions options) const {
    const auto before = everything();
    options.dry_run = true;
    const std::string dry = message_of(options);
    EXPECT_EQ(everything(), before);
    options.dry_run = false;
    EXPECT_EQ(message_of(options), dry);
    return dry;
  }
  void expect_refused(const Texts& overrides, const std::string& part) const {
    const std::string text = refusal({.config = config(), .overrides = overrides});
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
};

TEST_F(DryRun, WritesNothingAndSaysWhatTheRunWillBe) {
  const auto before = everything();
  const std::string said = root_ + "/../pcnn_dry_run_said.txt";
  EXPECT_EQ(run_program("pcnn-run", {config(), "--dry-run"}, said), 0);
  EXPECT_EQ(everything(), before);
  const std::string text = slurp(said);
  for (const char* part : {"receptive field", "memory: f32", "sampling: f32",
                           "data: 39 images to train on, 11 to validate and 9 to test, read and checked in "})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  EXPECT_NE(text.find("the run would begin in " + directory()), std::string::npos) << text;
  fs::remove(said);
}

TEST_F(DryRun, SaysWhereABatchHasNoWorkForSomeThreads) {
  const auto said = [&](Texts words) {
    const std::string path = root_ + "/../pcnn_dry_run_said.txt";
    words.insert(words.begin(), {config(), "--dry-run", "train.batch=8", "threads=6"});
    EXPECT_EQ(run_program("pcnn-run", words, path), 0);
    const std::string text = slurp(path);
    fs::remove(path);
    return text;
  };
  EXPECT_NE(said({"train.shard_images=4"})
                .find("threads: a batch of 8 has 2 shards of 4 images, so that 2 of 6 threads are busy; "
                      "train.shard_images=1 keeps 6 busy"),
            std::string::npos);
  EXPECT_NE(
      said({"train.shard_images=1", "train.batch=5"})
          .find("threads: a batch of 5 has 5 shards of 1 image, so that 5 of 6 threads are busy; a larger "
                "train.batch keeps more busy"),
      std::string::npos);
  EXPECT_EQ(said({"train.shard_images=1"}).find("threads: a batch"), std::string::npos);
}

TEST_F(DryRun, RefusesDataThatIsMissingOrDoesNotFit) {
  expect_refused({"data.directory=" + root_ + "/nowhere"}, "nowhere");
  expect_refused({"data.validation_images=50"}, "data.validation_images");
  expect_refused({"data.train_images=40"}, "data.train_images: found 40, accepted: at most 39");
  write_idx(root_ + "/data/t10k-images-idx3-ubyte", 9);
  expect_refused({}, "9 of the 9 test images are also in the train file");
}

TEST_F(DryRun, RefusesPlacesThatCannotBeWrittenTo) {
  expect_refused({"output=" + config()}, "is no folder");
  expect_refused({"output=" + config() + "/deeper"}, "is no folder");
  expect_refused({"sample.count=10000", "sample.columns=1", "sample.scale=32"},
                 "make a picture of 1940002 x");
  fs::create_directories(directory() + "/mine");
  expect_refused({}, "exists already and is no run that can be begun anew: it holds mine");
  fs::remove_all(directory());
  run({.config = config(), .overrides = {"train.epochs=1"}});
  expect_refused({}, "exists already; continue it with `pcnn-run --resume " + directory() + "`");
}

TEST_F(DryRun, RefusesToResumeWhatCannotBe) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  const RunOptions resume{.resume = directory(), .overrides = {"train.epochs=2"}};
  const auto before = everything();
  RunOptions dry = resume;
  dry.dry_run = true;
  EXPECT_EQ(message_of(dry), "");
  EXPECT_EQ(everything(), before) << "a dry run of a resume";
  {
    const RunLock lock(directory());
    EXPECT_NE(refusal(resume).find("in use by process"), std::string::npos);
  }
  EXPECT_NE(refusal({.resume = directory(), .overrides = {"train.batch=2"}}).find("a resumed run keeps"),
            std::string::npos);
  EXPECT_NE(refusal({.resume = root_ + "/nowhere"}).find("not a run that can be resumed"), std::string::npos);

  write_idx(root_ + "/data/train-images-idx3-ubyte", 50, 253);
  EXPECT_NE(message_of(dry).find("the train images are not those the run began with"), std::string::npos);
  write_idx(root_ + "/data/train-images-idx3-ubyte", 50);
  for (const char* name : {"/checkpoint.safetensors", "/previous.safetensors"})
    std::ofstream(directory() + name) << "damaged";
  EXPECT_NE(message_of(dry).find("safetensors"), std::string::npos);
  EXPECT_EQ(slurp(directory() + "/checkpoint.safetensors"), "damaged") << "left where it is";
}

}  // namespace
}  // namespace pcnn

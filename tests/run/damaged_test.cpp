// Runs whose files are damaged, gone, or something else than files, and what is left of killed ones.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/io/file.h"
#include "engine/io/safetensors.h"
#include "engine/run/metrics.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class ResumeDamaged : public TinyRun {};

TEST_F(ResumeDamaged, TakesThePreviousCheckpointWhereTheLatestIsDamaged) {
  run({.config = config(), .overrides = {"name=whole"}});
  run({.config = config(), .overrides = {"train.epochs=2"}});
  const std::string path = directory() + "/checkpoint.safetensors";
  std::string bytes = slurp(path);
  bytes[bytes.size() - 6] ^= 4;  // of the last tensor
  std::ofstream(path, std::ios::binary) << bytes;
  run({.resume = directory(), .overrides = {"train.epochs=3"}});
  EXPECT_NE(slurp(directory() + "/log.txt").find("goes on from " + directory() + "/previous.safetensors"),
            std::string::npos);
  const SafetensorsFile whole = read_safetensors(directory("whole") + "/checkpoint.safetensors"),
                        mended = read_safetensors(path);
  for (const auto& [name, tensor] : whole.tensors)
    EXPECT_EQ(tensor.values, mended.tensors.at(name).values) << name;

  for (const char* file : {"/checkpoint.safetensors", "/previous.safetensors"})
    std::ofstream(directory() + file, std::ios::binary) << bytes;
  const std::string message = message_of({.resume = directory()});
  const std::string nor = "; nor can the run go on from the checkpoint before it: " + directory() +
                          "/previous.safetensors: byte ";
  EXPECT_TRUE(message.starts_with(path + ": byte ")) << message;
  EXPECT_NE(message.find(nor), std::string::npos) << message;
  EXPECT_NE(message.find("damaged"), std::string::npos) << message;
  EXPECT_EQ(slurp(path), bytes) << "nothing is overwritten";
  // One line, which is true: it does not go on from the other.
  EXPECT_EQ(WEXITSTATUS(run_program("pcnn-run", {"--resume", directory()}, root_ + "/said.txt")), 2);
  EXPECT_EQ(slurp(root_ + "/said.txt"), "pcnn-run: " + message + "\n");
}

TEST_F(ResumeDamaged, TakesThePreviousCheckpointWhereTheLatestIsNotThere) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  fs::remove(directory() + "/checkpoint.safetensors");
  run({.resume = directory(), .overrides = {"train.epochs=3"}});
  EXPECT_NE(slurp(directory() + "/log.txt")
                .find("checkpoint.safetensors: is not there; goes on from " + directory() +
                      "/previous.safetensors"),
            std::string::npos);
  EXPECT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.size(), 3u);
}

// What cannot be read at the moment may be good: nothing is renamed, and nothing older is taken.
TEST_F(ResumeDamaged, DoesNotTakeTroubleWithReadingForDamage) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  const std::string path = directory() + "/checkpoint.safetensors", bytes = slurp(path),
                    before = slurp(directory() + "/previous.safetensors");
  fs::rename(path, path + ".away");
  fs::create_directory(path);
  for (const bool dry_run : {false, true})
    EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=3"}, .dry_run = dry_run}),
              path + ": cannot be read: it is a directory, accepted: a regular file");
  EXPECT_FALSE(fs::exists(path + ".damaged"));
  fs::remove(path);
  fs::rename(path + ".away", path);
  EXPECT_EQ(slurp(directory() + "/previous.safetensors"), before);

  // With so few files that the program cannot begin, to as many as it needs.
  const std::string said = root_ + "/said.txt";
  int refused = 0, status = 1;
  for (int files = 4; status != 0 && files < 100; ++files) {
    const std::string line = "ulimit -n " + std::to_string(files) + "; exec '" +
                             (programs() / "pcnn-run").string() + "' --resume '" + directory() +
                             "' train.epochs=3 > '" + said + "' 2>&1";
    status = std::system(("bash -c \"" + line + "\"").c_str());
    ASSERT_EQ(slurp(said).find("goes on from"), std::string::npos) << files << ": " << slurp(said);
    ASSERT_FALSE(fs::exists(path + ".damaged")) << files;
    if (slurp(said).find("checkpoint.safetensors: cannot be read: Too many open files\n") ==
        std::string::npos)
      continue;
    ++refused;
    EXPECT_EQ(slurp(path), bytes) << files;
    EXPECT_EQ(std::ranges::count(slurp(said), '\n'), 1) << slurp(said);
  }
  EXPECT_EQ(status, 0) << slurp(said);
  EXPECT_GT(refused, 0) << "or this has tested nothing";
  EXPECT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.size(), 3u);
}

TEST_F(ResumeDamaged, ScoresTheBestParametersOrSaysWhyTheyCannotBeRead) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  fs::remove(directory() + "/results.json");  // as if it had been killed before it was scored
  const std::string best = directory() + "/best.safetensors";
  fs::rename(best, best + ".away");
  fs::create_directory(best);
  EXPECT_EQ(message_of({.resume = directory()}),
            best + ": cannot be read: it is a directory, accepted: a regular file");
  fs::remove(best);
  fs::rename(best + ".away", best);
  run({.resume = directory()});
  EXPECT_NE(slurp(directory() + "/results.json").find("lowest validation loss"), std::string::npos);
}

TEST_F(ResumeDamaged, RefusesADirectoryInPlaceOfAFileBeforeItTrains) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  const std::string checkpoint = slurp(directory() + "/checkpoint.safetensors");
  for (const char* name :
       {"metrics.jsonl", "results.json", "best.safetensors", "previous.safetensors", "log.txt"}) {
    const std::string path = directory() + "/" + name;
    fs::rename(path, path + ".away");
    fs::create_directory(path);
    for (const bool dry_run : {false, true})
      EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=2"}, .dry_run = dry_run}),
                path + ": cannot be read: it is a directory, accepted: a regular file");
    EXPECT_EQ(slurp(directory() + "/checkpoint.safetensors"), checkpoint) << "nothing was trained";
    fs::remove(path);
    fs::rename(path + ".away", path);
  }
  EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=2"}}), "");
}

TEST_F(ResumeDamaged, RemovesHalfWrittenFilesAndNoOthers) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  for (const char* file :
       {"/checkpoint.safetensors.next.part123-0", "/checkpoint.safetensors.next", "/my.party"})
    std::ofstream(directory() + file) << "x";
  run({.resume = directory(), .overrides = {"train.epochs=2"}});
  EXPECT_FALSE(fs::exists(directory() + "/checkpoint.safetensors.next.part123-0"));
  EXPECT_FALSE(fs::exists(directory() + "/checkpoint.safetensors.next"));
  EXPECT_TRUE(fs::exists(directory() + "/my.party"));
}

TEST_F(ResumeDamaged, ScoresTheLastParametersWhereTheBestAreDamaged) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  std::ofstream(directory() + "/best.safetensors") << "torn";
  fs::remove(directory() + "/results.json");  // as if it had been killed before it was scored
  run({.resume = directory()});
  EXPECT_NE(slurp(directory() + "/log.txt").find("only the last parameters are scored"), std::string::npos);
}

TEST_F(ResumeDamaged, DropsALineOfMetricsThatWasCutShort) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  std::ofstream(directory() + "/metrics.jsonl", std::ios::app) << "{\"epoch\":3,\"st";
  run({.resume = directory(), .overrides = {"train.epochs=3"}});
  EXPECT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.size(), 3u);
}

TEST_F(ResumeDamaged, RemovesHalfWrittenFilesOfAKilledRun) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  fs::create_directories(directory() + "/samples/more");
  const std::vector<std::string> leftovers{"/report.html.part12-0", "/checkpoint.safetensors.next",
                                           "/samples/epoch-0002.png.part12-0",
                                           "/samples/more/0000.png.part999999999-12"};
  const std::vector<std::string> others{"/samples/film.part1", "/samples/film.part1-a", "/a.partition1-0",
                                        "/samples/more/b.part-0"};
  for (const std::string& file : leftovers) std::ofstream(directory() + file) << "x";
  for (const std::string& file : others) std::ofstream(directory() + file) << "x";
  run({.resume = directory(), .overrides = {"train.epochs=2"}});
  for (const std::string& file : leftovers) EXPECT_FALSE(fs::exists(directory() + file)) << file;
  for (const std::string& file : others) EXPECT_TRUE(fs::exists(directory() + file)) << file;
  EXPECT_TRUE(fs::exists(directory() + "/samples/epoch-0001.png"));
}

}  // namespace
}  // namespace pcnn

// Disks that are full or cannot be written to: one line, nothing good lost, and the run goes on once there is
// room.

#include <sys/mount.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/io/safetensors.h"
#include "engine/run/metrics.h"
#include "tests/io/event_records.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class FullDisk : public TinyRun {
 protected:
  void TearDown() override {
    if (is_mounted_) ::umount2((root_ + "/small").c_str(), MNT_DETACH);
    TinyRun::TearDown();
  }
  // A file system of so many KiB; false where this process may not mount one.
  bool mount_small(int kib, bool again = false) {
    const std::string at = root_ + "/small", size = "size=" + std::to_string(kib) + "k";
    fs::create_directories(at);
    is_mounted_ =
        ::mount("tmpfs", at.c_str(), "tmpfs", again ? MS_REMOUNT : 0, size.c_str()) == 0 || is_mounted_;
    return is_mounted_;
  }
  [[nodiscard]] int pcnn_run(const std::vector<std::string>& arguments) const {
    const int status = run_program("pcnn-run", arguments, root_ + "/said.txt");
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return WEXITSTATUS(status);
  }
  [[nodiscard]] std::string last_line() const {
    std::string text = slurp(root_ + "/said.txt");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.find_last_of('\n') + 1);
  }
  void expect_same_end(const std::string& one, const std::string& other) const {
    const SafetensorsFile a = read_safetensors(one + "/checkpoint.safetensors"),
                          b = read_safetensors(other + "/checkpoint.safetensors");
    for (const auto& [name, tensor] : a.tensors) ASSERT_EQ(tensor.values, b.tensors.at(name).values) << name;
    EXPECT_EQ(slurp(one + "/results.json"), slurp(other + "/results.json"));
    EXPECT_EQ(read_metrics_log(one + "/metrics.jsonl").epochs.size(),
              read_metrics_log(other + "/metrics.jsonl").epochs.size());
  }

  // The exit code of a program that may write files of up to so many KiB.
  [[nodiscard]] int run_with_small_files(int kib, const std::string& program,
                                         const std::string& arguments) const {
    return run_bash("(ulimit -f " + std::to_string(kib) + "; exec $P/" + program + " " + arguments +
                    ") 2>&1 | cat > '" + root_ + "/said.txt'; exit ${PIPESTATUS[0]}");
  }
  void expect_too_large(int code) const {
    EXPECT_EQ(code, 2) << last_line();
    EXPECT_TRUE(last_line().starts_with("pcnn-")) << last_line();
    EXPECT_TRUE(last_line().ends_with("File too large") ||
                last_line().find(": File too large; ") != std::string::npos)
        << last_line();
  }
  void expect_no_parts() const {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root_)) {
      EXPECT_EQ(entry.path().string().find(".part"), std::string::npos) << entry.path();
      EXPECT_NE(entry.path().filename(), "lock") << entry.path();
    }
  }

 private:
  bool is_mounted_ = false;
};

// From a disk that holds nothing of the run to one that holds all of it, page by page: the run fails at one
// write after the other.
TEST_F(FullDisk, EndsARunInOneLineAndItGoesOnWhereThereIsRoom) {
  if (!mount_small(4)) GTEST_SKIP() << "this process may not mount a small disk";
  ASSERT_EQ(pcnn_run({config(), "name=whole"}), 0) << last_line();
  const std::string run = root_ + "/small/tiny";
  int failed = 0, resumed = 0, told = 0;
  for (int kib = 4; kib <= 160; kib += 4) {
    fs::remove_all(run);
    ASSERT_TRUE(mount_small(kib, true));
    const int code = pcnn_run({config(), "output=" + root_ + "/small"});
    const bool can_resume = fs::exists(run + "/checkpoint.safetensors");
    if (code != 0) {
      ++failed;
      EXPECT_EQ(code, 2) << kib;
      EXPECT_NE(last_line().find("No space left on device"), std::string::npos) << kib << ": " << last_line();
      EXPECT_TRUE(last_line().starts_with("pcnn-run: ")) << last_line();
      EXPECT_EQ(last_line().find("pcnn-run --resume " + run) != std::string::npos, can_resume) << last_line();
    }
    EXPECT_EQ(fs::exists(run), can_resume) << kib << ": no half directory";
    ASSERT_TRUE(mount_small(4096, true));
    if (fs::exists(run + "/results.json") && code != 0) {
      ++told;
      const auto results = nlohmann::json::parse(slurp(run + "/results.json"));
      EXPECT_EQ(results.at("ended"), "failed");
      EXPECT_EQ("pcnn-run: " + results.at("reason").get<std::string>(), last_line());
    }
    if (can_resume)
      ASSERT_EQ(pcnn_run({"--resume", run}), 0) << kib << ": " << last_line();
    else
      ASSERT_EQ(pcnn_run({config(), "output=" + root_ + "/small"}), 0) << kib << ": " << last_line();
    expect_same_end(run, directory("whole"));
    resumed += code != 0 && can_resume;
  }
  EXPECT_GT(failed, 2);
  EXPECT_GT(resumed, 0);
  EXPECT_GT(told, 0) << "what was half written makes room for it";
}

// ulimit -f, which ends a process by a signal unless it says that it need not.
TEST_F(FullDisk, ThatTakesOnlySmallFilesDoesNotLoseTheRun) {
  ASSERT_EQ(pcnn_run({config(), "name=whole"}), 0);
  for (const int kib : {0, 1, 2, 4, 6, 8, 12}) {
    fs::remove_all(directory());
    const int code = run_with_small_files(kib, "pcnn-run", "'" + config() + "'");
    if (code != 0) expect_too_large(code);
    expect_no_parts();
    if (fs::exists(directory()))
      ASSERT_EQ(pcnn_run({"--resume", directory()}), 0) << last_line();
    else
      ASSERT_EQ(pcnn_run({config()}), 0) << last_line();
    expect_same_end(directory(), directory("whole"));
  }
}

TEST_F(FullDisk, ThatTakesOnlySmallFilesIsOneLineOfEveryProgram) {
  ASSERT_EQ(pcnn_run({config(), "name=whole", "train.epochs=1"}), 0);
  const std::string whole = "'" + directory("whole") + "' ", file = "'" + root_ + "/x";
  expect_too_large(run_with_small_files(1, "pcnn-sample", whole + "-n 200 -o " + file + ".npy'"));
  expect_too_large(run_with_small_files(1, "pcnn-sample", whole + "-n 900 --scale 9 -o " + file + ".png'"));
  expect_too_large(run_with_small_files(0, "pcnn-sample", whole + "-o " + file + "'"));
  expect_too_large(run_with_small_files(0, "pcnn-eval", whole + "--scores " + file + ".csv'"));
  expect_too_large(run_with_small_files(0, "pcnn-inspect", whole + "--field " + file + ".png'"));
  expect_too_large(run_with_small_files(0, "pcnn-sweep", "'" + config() + "' seed=1,2 train.epochs=1"));
  expect_no_parts();
  for (const char* name : {"/x.npy", "/x.png", "/x.csv"}) EXPECT_FALSE(fs::exists(root_ + name)) << name;
}

TEST_F(FullDisk, LosesPicturesBeforeItLosesARun) {
  ASSERT_EQ(pcnn_run({config(), "train.epochs=1"}), 0);
  fs::remove_all(directory() + "/samples");
  std::ofstream(directory() + "/samples") << "no folder";
  fs::remove(directory() + "/curves.svg");
  fs::create_directory(directory() + "/curves.svg");
  ASSERT_EQ(pcnn_run({"--resume", directory(), "train.epochs=3"}), 0) << last_line();
  EXPECT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.size(), 3u);
  const std::string said = slurp(root_ + "/said.txt");
  EXPECT_NE(said.find("samples/epoch-0002.png: cannot be written"), std::string::npos) << said;
  EXPECT_NE(said.find("curves.svg: cannot be written"), std::string::npos) << said;
}

// One file of events, whose records are whole, and one note: not a file for every write that was refused.
TEST_F(FullDisk, ThatTakesOnlySmallFilesGetsOneFileOfEvents) {
  ASSERT_EQ(
      run_with_small_files(13, "pcnn-run", "'" + config() + "' train.epochs=45 train.report_every=1000000"),
      0)
      << last_line();
  std::vector<std::string> events;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory()))
    if (entry.path().filename().string().starts_with("events.")) events.push_back(entry.path());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_GT(records_of(events.front()).size(), 10u);
  const std::string said = slurp(root_ + "/said.txt"), refused = events.front() + ": cannot be appended to";
  EXPECT_NE(said.find(refused), std::string::npos) << said;
  EXPECT_EQ(said.find(refused), said.rfind(refused)) << said;
}

TEST_F(FullDisk, OfStandardOutputIsAnError) {
  ASSERT_EQ(pcnn_run({config(), "train.epochs=1"}), 0);
  for (const std::string& command :
       {"pcnn-eval '" + directory() + "'", "pcnn-inspect '" + config() + "' --no-verify",
        "pcnn-run '" + config() + "' name=other train.epochs=1", std::string("pcnn-run --schema")}) {
    const int status = std::system(
        ("'" + programs().string() + "/'" + command + " > /dev/full 2> '" + root_ + "/errors.txt'").c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << command;
    EXPECT_EQ(std::ranges::count(slurp(root_ + "/errors.txt"), '\n'), 1) << slurp(root_ + "/errors.txt");
    EXPECT_NE(slurp(root_ + "/errors.txt").find("standard output: cannot be written"), std::string::npos)
        << command;
  }
  EXPECT_TRUE(fs::exists(directory("other") + "/results.json")) << "what the run wrote elsewhere is there";
}

TEST_F(FullDisk, ThatIsReadOnlyIsNamed) {
  const std::string as_nobody =
      "setpriv --reuid=65534 --regid=65534 --clear-groups '" + programs().string() + "/";
  if (::getuid() != 0 || std::system((as_nobody + "pcnn-run' --version > /dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "needs root, and setpriv to be somebody else";
  ASSERT_EQ(pcnn_run({config(), "train.epochs=1"}), 0);
  const auto said = [&](const std::string& rest) {
    const int status = std::system((as_nobody + rest + " > '" + root_ + "/said.txt' 2>&1").c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << rest;
    return last_line();
  };
  for (const char* dry : {"", " --dry-run"}) {
    EXPECT_EQ(said("pcnn-run' '" + config() + "' name=new" + dry),
              "pcnn-run: " + directory("new") + ": cannot be made: " + root_ + "/runs: Permission denied");
    EXPECT_EQ(said("pcnn-run' --resume '" + directory() + "'" + dry),
              "pcnn-run: " + directory() + "/lock: cannot be made: Permission denied");
  }
  EXPECT_EQ(said("pcnn-sample' '" + directory() + "' -o '" + directory() + "/s.png'"),
            "pcnn-sample: " + directory() + "/s.png: its folder cannot be written to: Permission denied");
  EXPECT_EQ(said("pcnn-sweep' '" + config() + "' seed=1,2 name=sweep"),
            "pcnn-sweep: " + directory("sweep") + ": cannot be made: Permission denied");
}

}  // namespace
}  // namespace pcnn

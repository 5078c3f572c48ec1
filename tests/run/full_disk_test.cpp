// Disks that are full or cannot be written to: one line, nothing good lost, and the run goes on once there is
// room.

#include <sys/mount.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/io/safetensors.h"
#include "engine/run/metrics.h"
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
    EXPECT_EQ(read_metrics(one + "/metrics.jsonl").size(), read_metrics(other + "/metrics.jsonl").size());
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
    ASSERT_TRUE(mount_small(4096, true));
    if (fs::exists(run + "/results.json") && code != 0) {
      ++told;
      const auto results = nlohmann::json::parse(slurp(run + "/results.json"));
      EXPECT_EQ(results.at("ended"), "failed");
      EXPECT_EQ("pcnn-run: " + results.at("reason").get<std::string>(), last_line());
    }
    if (!can_resume) continue;
    ASSERT_EQ(pcnn_run({"--resume", run}), 0) << kib << ": " << last_line();
    expect_same_end(run, directory("whole"));
    resumed += code != 0;
  }
  EXPECT_GT(failed, 2);
  EXPECT_GT(resumed, 0);
  EXPECT_GT(told, 0) << "what was half written makes room for it";
}

TEST_F(FullDisk, ThatTakesOnlySmallFilesDoesNotLoseTheRun) {
  ASSERT_EQ(pcnn_run({config(), "name=whole"}), 0);
  // Files of up to so many KiB, and no signal about it.
  for (const int kib : {1, 2, 4, 6, 8, 12}) {
    fs::remove_all(directory());
    const std::string command = "trap '' XFSZ; ulimit -f " + std::to_string(kib) + "; exec '" +
                                (programs() / "pcnn-run").string() + "' '" + config() + "' > /dev/null 2> '" +
                                root_ + "/errors.txt'";
    const int status = std::system(("bash -c \"" + command + "\"").c_str());
    ASSERT_TRUE(WIFEXITED(status)) << kib;
    if (WEXITSTATUS(status) != 0) {
      EXPECT_EQ(WEXITSTATUS(status), 2) << kib;
      EXPECT_NE(slurp(root_ + "/errors.txt").find("File too large"), std::string::npos)
          << slurp(root_ + "/errors.txt");
    }
    if (!fs::exists(directory() + "/checkpoint.safetensors")) continue;
    ASSERT_EQ(pcnn_run({"--resume", directory()}), 0) << last_line();
    expect_same_end(directory(), directory("whole"));
  }
}

TEST_F(FullDisk, LosesPicturesBeforeItLosesARun) {
  ASSERT_EQ(pcnn_run({config(), "train.epochs=1"}), 0);
  fs::remove_all(directory() + "/samples");
  std::ofstream(directory() + "/samples") << "no folder";
  fs::remove(directory() + "/curves.svg");
  fs::create_directory(directory() + "/curves.svg");
  ASSERT_EQ(pcnn_run({"--resume", directory(), "train.epochs=3"}), 0) << last_line();
  EXPECT_EQ(read_metrics(directory() + "/metrics.jsonl").size(), 3u);
  const std::string said = slurp(root_ + "/said.txt");
  EXPECT_NE(said.find("samples/epoch-0002.png: cannot be written"), std::string::npos) << said;
  EXPECT_NE(said.find("curves.svg: cannot be written"), std::string::npos) << said;
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

// Starts of runs that come to nothing: whatever ends them, the same command begins the run, or --resume goes
// on with it.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>

#include "engine/io/safetensors.h"
#include "engine/run/new_directory.h"
#include "engine/run/run_lock.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"
#include "tests/support/kill_at_change.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class RunStart : public TinyRun {
 protected:
  [[nodiscard]] bool is_begun() const { return fs::exists(directory() + "/checkpoint.safetensors"); }
  [[nodiscard]] std::string starting() const { return starting_name(directory()); }
  // The same command again, or --resume where there is something to resume. A directory of the run's name is
  // never there without a checkpoint, and no other is left in the end.
  void expect_can_go_on(const std::vector<std::string>& recipe, const std::string& where) const {
    EXPECT_EQ(fs::exists(directory()), is_begun()) << where;
    std::vector<std::string> arguments{config()};
    if (is_begun()) arguments = {"--resume", directory()};
    arguments.insert(arguments.end(), recipe.begin(), recipe.end());
    EXPECT_EQ(run_program("pcnn-run", arguments, root_ + "/said.txt"), 0)
        << where << ": " << slurp(root_ + "/said.txt");
    EXPECT_FALSE(fs::exists(starting())) << where;
    EXPECT_TRUE(fs::exists(directory() + "/results.json")) << where;
  }
  // Every file below the runs, with what it holds.
  [[nodiscard]] std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(root_ + "/runs"))
      all[entry.path()] = entry.is_regular_file() ? slurp(entry.path()) : "";
    return all;
  }
  void put(const std::string& file, const std::string& text = "x") const {
    const fs::path path = fs::path(directory()) / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
};

const std::vector<std::string> kShort{"train.epochs=null", "train.steps=1", "sample.count=0"};

TEST_F(RunStart, KilledAtAnyChangeOfFilesCanBeRepeatedOrResumed) {
  int before_its_name = 0, after = 0;
  for (int change = 1; after < 4; ++change) {
    fs::remove_all(root_ + "/runs");
    std::vector<std::string> arguments{config()};
    arguments.insert(arguments.end(), kShort.begin(), kShort.end());
    const auto killed = testing::kill_at_change(change, programs() / "pcnn-run", arguments);
    if (killed == testing::Killed::kCannot) GTEST_SKIP() << "this process may not trace others";
    ASSERT_EQ(killed, testing::Killed::kThere) << change;
    ++(is_begun() ? after : before_its_name);
    expect_can_go_on(kShort, "killed at change " + std::to_string(change));
  }
  EXPECT_GT(before_its_name, 10);
}

// The directory of an older version that was killed has the name already, and gives it up.
TEST_F(RunStart, InPlaceOfAnotherLosesNothingWhereverItIsKilled) {
  for (int change = 1, after = 0; after < 4; ++change) {
    fs::remove_all(root_ + "/runs");
    put("config.yaml", "name: other # my comment\n");
    put("log.txt", "what was said\n");
    std::vector<std::string> arguments{config()};
    arguments.insert(arguments.end(), kShort.begin(), kShort.end());
    const auto killed = testing::kill_at_change(change, programs() / "pcnn-run", arguments);
    if (killed == testing::Killed::kCannot) GTEST_SKIP() << "this process may not trace others";
    ASSERT_EQ(killed, testing::Killed::kThere) << change;
    after += is_begun();
    std::vector<std::string> again{config()};
    if (is_begun()) again = {"--resume", directory()};
    again.insert(again.end(), kShort.begin(), kShort.end());
    ASSERT_EQ(run_program("pcnn-run", again, root_ + "/said.txt"), 0) << change << slurp(root_ + "/said.txt");
    EXPECT_FALSE(fs::exists(starting())) << change;
    EXPECT_EQ(slurp(directory() + "/config.yaml.before"), "name: other # my comment\n") << change;
    EXPECT_TRUE(slurp(directory() + "/log.txt").starts_with("what was said\n")) << change;
  }
}

TEST_F(RunStart, KilledAtAnyMomentCanBeRepeatedOrResumed) {
  testing::Random random(5);
  // Of so many parameters that the start takes a while.
  const std::vector<std::string> recipe{"model.blocks={kind: masked_conv, repeat: 2, filters: 128}",
                                        "train.epochs=null", "train.steps=1", "sample.count=0"};
  int killed = 0;
  for (int time = 0; time < 8; ++time) {
    fs::remove_all(root_ + "/runs");
    std::vector<std::string> arguments{config()};
    arguments.insert(arguments.end(), recipe.begin(), recipe.end());
    killed += WIFSIGNALED(
        run_program("pcnn-run", arguments, {}, SIGKILL, std::chrono::milliseconds(random.between(5, 200))));
    const std::vector<std::string> budget{"train.steps=1"};
    expect_can_go_on(is_begun() ? budget : recipe, "at time " + std::to_string(time));
  }
  EXPECT_GT(killed, 0);
}

// From an address space in which the program hardly starts to one that is enough for all.
TEST_F(RunStart, OutOfMemoryCanBeRepeatedOrResumed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers take address space for themselves";
#endif
  const std::vector<std::string> recipe{"model.blocks={kind: masked_conv, repeat: 2, filters: 128}",
                                        "train.epochs=null", "train.steps=1", "sample.count=0", "threads=1"};
  const std::string command = "exec '" + (programs() / "pcnn-run").string() + "' '" + config() + "'";
  int failed = 0, code = 1;
  for (int mib = 40; code != 0 && mib < 4000; mib += mib / 8) {
    fs::remove_all(root_ + "/runs");
    std::string line = "ulimit -v " + std::to_string(mib * 1024) + "; " + command;
    for (const std::string& word : recipe) line += " '" + word + "'";
    const int status = std::system(("bash -c \"" + line + "\" > /dev/null 2>&1").c_str());
    code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    if (code == 0) break;
    ++failed;
    const std::vector<std::string> budget{"train.steps=1"};
    expect_can_go_on(is_begun() ? budget : recipe, std::to_string(mib) + " MiB");
  }
  EXPECT_EQ(code, 0);
  EXPECT_GT(failed, 2);
}

TEST_F(RunStart, BeginsAnewWhereAStartCameToNothing) {
  const std::string failed =
      "{\"ended\": \"failed\", \"reason\": \"out of memory\", \"step\": 0, \"epoch\": 0}";
  const std::vector<std::map<std::string, std::string>> all_left{
      {},
      {{"log.txt", "a line\n"}},
      {{"config.yaml", "seed: 2\n"}},
      {{"log.txt", "a line\n"}, {"config.yaml", "seed: 2\n"}, {"lock", "1\n"}},
      {{"log.txt", "a line\n"},
       {"config.yaml", "seed: 2\n"},
       {"results.json", failed},
       {"report.html", "failed"},
       {"samples/epoch-0001.png.part12-0", "x"},
       {"checkpoint.safetensors.next", "x"},
       {"checkpoint.safetensors.next.part12-0", "x"}}};
  for (const auto& left : all_left) {
    fs::remove_all(directory());
    fs::create_directories(directory() + "/samples");
    for (const auto& [file, text] : left) put(file, text);
    EXPECT_EQ(message_of({.config = config(), .overrides = kShort, .dry_run = true}), "");
    ASSERT_EQ(message_of({.config = config(), .overrides = kShort}), "");
    const std::string log = slurp(directory() + "/log.txt");
    EXPECT_TRUE(log.starts_with(left.contains("log.txt") ? "a line\n" : "2")) << log;
    EXPECT_NE(log.find("was begun before and never came to checkpoint.safetensors: it begins anew"),
              std::string::npos)
        << log;
    EXPECT_EQ(slurp(directory() + "/config.yaml.before"), left.contains("config.yaml") ? "seed: 2\n" : "");
    for (const char* gone : {"/checkpoint.safetensors.next", "/report.html.part1-0", "/lock"})
      EXPECT_FALSE(fs::exists(directory() + gone)) << gone;
    EXPECT_NE(slurp(directory() + "/results.json").find("completed"), std::string::npos);
    EXPECT_FALSE(fs::exists(starting()));
  }
}

TEST_F(RunStart, LeavesAloneWhatIsMoreThanAStart) {
  const std::string scored =
      "{\"ended\": \"completed\", \"reason\": \"\", \"step\": 0, \"epoch\": 0, \"models\": [{\"parameters\": "
      "\"last\", \"epoch\": 1, \"images\": 9, \"nats_per_dim\": 1, \"nats_per_image\": 1, \"bits_per_dim\": "
      "1}]}";
  const std::vector<std::pair<std::string, std::string>> all{
      {"notes.txt", "mine"},    {"best.safetensors", "x"},
      {"metrics.jsonl", ""},    {"samples/epoch-0001.png", "x"},
      {"results.json", scored}, {"report.html", "a report without its results"},
      {"log.txt/deeper", "x"},  {"sweep.json", "{}"}};
  for (const auto& [file, text] : all) {
    fs::remove_all(root_ + "/runs");
    put("config.yaml");
    put(file, text);
    const auto before = everything();
    const std::string message = message_of({.config = config()}), top = file.substr(0, file.find('/'));
    EXPECT_EQ(message, directory() + ": exists already and is no run that can be begun anew: it holds " +
                           top +
                           " and no checkpoint.safetensors; choose another directory with name=NAME or "
                           "output=DIRECTORY");
    EXPECT_EQ(message_of({.config = config(), .dry_run = true}), message);
    EXPECT_EQ(everything(), before) << file;
  }
  fs::remove_all(root_ + "/runs");
  fs::create_directories(starting());
  std::ofstream(starting() + "/notes.txt") << "mine";
  EXPECT_NE(message_of({.config = config()}).find("notes.txt in it is not of a start"), std::string::npos);
  EXPECT_EQ(slurp(starting() + "/notes.txt"), "mine");
  fs::remove_all(root_ + "/runs");
  fs::create_directories(root_ + "/runs");
  fs::create_directory_symlink(root_, directory());
  EXPECT_NE(message_of({.config = config()}).find("exists already and is no directory"), std::string::npos);
}

TEST_F(RunStart, DoesNotFollowALinkInPlaceOfADirectoryInTheMaking) {
  const std::string other = root_ + "/other";
  fs::create_directories(root_ + "/runs");
  fs::create_directories(other);
  std::ofstream(other + "/log.txt") << "mine";
  const auto refusal = [&](const std::string& what) {
    return starting() + ": is " + what + ", and " + directory() +
           " is to be made under that name; move it away";
  };
  const auto expect_refused = [&](const std::string& what) {
    for (const bool dry_run : {false, true})
      EXPECT_EQ(message_of({.config = config(), .overrides = kShort, .dry_run = dry_run}), refusal(what));
    EXPECT_FALSE(fs::exists(directory()));
  };
  fs::create_directory_symlink(other, starting());
  expect_refused("a symbolic link");
  EXPECT_EQ(slurp(other + "/log.txt"), "mine");
  EXPECT_FALSE(fs::exists(other + "/lock"));
  fs::remove(starting());
  fs::create_symlink(root_ + "/none", starting());
  expect_refused("a symbolic link");
  fs::remove(starting());
  std::ofstream(starting()) << "x";
  expect_refused("no directory");
  EXPECT_EQ(slurp(starting()), "x");

  // A run that goes on removes what a killed start left, but nothing behind a link.
  fs::remove(starting());
  ASSERT_EQ(message_of({.config = config(), .overrides = kShort}), "");
  fs::create_directory_symlink(other, starting());
  ASSERT_EQ(message_of({.resume = directory(), .overrides = {"train.steps=2"}}), "");
  EXPECT_EQ(slurp(other + "/log.txt"), "mine");
  EXPECT_TRUE(fs::is_symlink(starting()));
}

// From so few open files that the program hardly begins to as many as it needs.
TEST_F(RunStart, WithoutFilesToOpenLeavesNothingBehind) {
  for (const std::string& command :
       {"pcnn-run '" + config() + "' train.epochs=null train.steps=1 sample.count=0",
        "pcnn-sweep '" + config() + "' seed=1,2 train.epochs=null train.steps=1 sample.count=0"}) {
    int failed = 0, code = 1;
    for (int files = 4; code != 0 && files < 60; ++files) {
      fs::remove_all(root_ + "/runs");
      code = run_bash("ulimit -n " + std::to_string(files) + "; exec $P/" + command + " > '" + root_ +
                      "/said.txt' 2>&1");
      failed += code != 0;
      EXPECT_FALSE(fs::exists(starting())) << files << ": " << slurp(root_ + "/said.txt");
    }
    EXPECT_EQ(code, 0) << slurp(root_ + "/said.txt");
    EXPECT_GT(failed, 2) << "or this has tested nothing";
  }
}

TEST_F(RunStart, OfAnotherProcessIsLeftAlone) {
  for (const std::string& place : {directory(), starting()}) {
    fs::create_directories(place);
    std::ofstream(place + "/log.txt") << "x";
    const RunLock lock(place);
    for (const bool dry_run : {false, true})
      EXPECT_EQ(message_of({.config = config(), .dry_run = dry_run}),
                directory() + ": in use by process " + std::to_string(getpid()) +
                    "; wait for it or stop it, or choose another name");
    EXPECT_EQ(slurp(place + "/log.txt"), "x");
    fs::remove_all(place);
  }
}

// A name that a terminal would show as another.
TEST_F(RunStart, OfANameThatTurnsTheDirectionOfTextIsRefused) {
  const std::string what =
      "', accepted: a name without U+202A to U+202E and U+2066 to U+2069, which change "
      "the direction of text";
  EXPECT_EQ(message_of({.config = config(), .overrides = {"name=a\u202egnp.b"}}),
            "override 'name=a\\u202Egnp.b': name: found 'a\\u202Egnp.b" + what);
  EXPECT_EQ(message_of({.config = config(), .overrides = {"output=a\u2066b"}}),
            "override 'output=a\\u2066b': output: found 'a\\u2066b" + what);
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
}

TEST_F(RunStart, OfOneNameByManyAtOnceIsMadeByOne) {
  for (int round = 0; round < 5; ++round) {
    fs::remove_all(root_ + "/runs");
    std::vector<pid_t> children;
    std::vector<std::string> said;
    for (int i = 0; i < 4; ++i) {
      said.push_back(root_ + "/said" + std::to_string(i) + ".txt");
      children.push_back(start_program("pcnn-run", {config(), "train.epochs=1"}, said.back()));
    }
    int made = 0;
    for (std::size_t i = 0; i < children.size(); ++i) {
      const int status = wait_for_end(children[i]);
      if (status == 0) {
        ++made;
        continue;
      }
      const std::string text = slurp(said[i]);
      EXPECT_EQ(WEXITSTATUS(status), 2) << text;
      EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
      EXPECT_TRUE(text.find(": in use by ") != std::string::npos ||
                  text.find(": exists already") != std::string::npos ||
                  text.find(": another process took the name meanwhile") != std::string::npos)
          << text;
    }
    EXPECT_EQ(made, 1);
    EXPECT_FALSE(fs::exists(starting()));
    EXPECT_TRUE(fs::exists(directory() + "/results.json"));
  }
}

}  // namespace
}  // namespace pcnn

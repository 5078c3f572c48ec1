// What TensorBoard sees of whole runs.

#include <algorithm>
#include <map>
#include <string_view>

#include "tests/io/event_records.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

// Enough of protocol buffers to read our events: every field of a message, with its bytes or number.
struct Field {
  std::uint64_t number = 0, value = 0;
  std::string_view bytes;
};

std::vector<Field> fields_of(std::string_view message) {
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0; !message.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(message.front());
      message.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  };
  std::vector<Field> fields;
  while (!message.empty()) {
    const std::uint64_t key = varint();
    Field field{.number = key >> 3};
    const std::uint64_t wire = key & 7;
    if (wire == 0) {
      field.value = varint();
    } else {
      const std::size_t size = wire == 1 ? 8 : wire == 5 ? 4 : varint();
      field.bytes = message.substr(0, size);
      message.remove_prefix(std::min(size, message.size()));
    }
    fields.push_back(field);
  }
  return fields;
}

std::string_view bytes_of(std::string_view message, std::uint64_t number) {
  for (const Field& field : fields_of(message))
    if (field.number == number) return field.bytes;
  return {};
}

class Events : public TinyRun {
 protected:
  // The steps of each tag, in the order and with the rule of readers: where a session starts, what came
  // before of that step and later ones is void.
  [[nodiscard]] std::map<std::string, std::vector<std::int64_t>> steps(
      const std::string& name = "tiny") const {
    std::vector<std::string> files;
    for (const auto& file : fs::directory_iterator(directory(name)))
      if (file.path().filename().string().starts_with("events.out.tfevents.")) files.push_back(file.path());
    std::ranges::sort(files);
    std::map<std::string, std::vector<std::int64_t>> steps;
    for (const std::string& file : files)
      for (const std::string& record : records_of(file)) read(record, steps);
    return steps;
  }

 private:
  static void read(const std::string& record, std::map<std::string, std::vector<std::int64_t>>& steps) {
    std::int64_t step = 0;
    for (const Field& field : fields_of(record)) {
      if (field.number == 2) step = static_cast<std::int64_t>(field.value);
      if (field.number == 7)
        for (auto& [tag, all] : steps) std::erase_if(all, [&](std::int64_t old) { return old >= step; });
      if (field.number != 5) continue;
      for (const Field& value : fields_of(field.bytes))
        steps[std::string(bytes_of(value.bytes, 1))].push_back(step);
    }
  }
};

using Steps = std::vector<std::int64_t>;

TEST_F(Events, HoldWindowsEpochsScoresAndHyperParameters) {
  run({.config = config(), .overrides = {"train.report_every=2"}});
  const auto all = steps();
  EXPECT_EQ(all.at("step/train_nats_per_dim"), (Steps{2, 4, 6, 8, 10, 12, 14}));
  EXPECT_EQ(all.at("step/learning_rate").size(), 7u);
  EXPECT_EQ(all.at("epoch/validation_nats_per_dim"), (Steps{5, 10, 15}));
  EXPECT_EQ(all.at("samples"), (Steps{5, 10, 15}));
  for (const char* tag : {"test/nats_per_dim", "test/bits_per_dim", "_hparams_/session_end_info"})
    EXPECT_EQ(all.at(tag), Steps{15}) << tag;
  EXPECT_EQ(all.at("_hparams_/session_start_info"), Steps{0});
}

TEST_F(Events, OfARunThatWasKilledAgainAndAgainOverlapNowhereAndHaveNoGap) {
  const std::vector<std::string> recipe{config(), "train.epochs=40", "train.report_every=1",
                                        "train.checkpoint_every.steps=3"};
  Steps whole, epochs;
  for (std::int64_t step = 1; step <= 200; ++step) {
    whole.push_back(step);
    if (step % 5 == 0) epochs.push_back(step);
  }
  int kills = 0;
  for (int attempt = 0; attempt < 12; ++attempt) {
    const bool begun = fs::exists(directory() + "/checkpoint.safetensors");
    if (!begun) fs::remove_all(directory());
    const int status =
        run_program("pcnn-run", begun ? std::vector<std::string>{"--resume", directory()} : recipe, {},
                    SIGKILL, std::chrono::milliseconds(80 + 37 * attempt));
    if (!WIFSIGNALED(status)) break;
    ++kills;
  }
  if (!fs::exists(directory() + "/checkpoint.safetensors")) GTEST_SKIP() << "too slow a machine";
  run({.resume = directory()});
  const auto all = steps();
  EXPECT_EQ(all.at("step/train_nats_per_dim"), whole) << kills;
  EXPECT_EQ(all.at("epoch/train_nats_per_dim"), epochs);
  EXPECT_EQ(all.at("samples"), epochs);
}

}  // namespace
}  // namespace pcnn

// Numbers in the files of a run that no run writes: each reader refuses them in one line that names the file,
// the key and what is accepted, or passes over what they are in and says in one line where that is.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <span>

#include "engine/io/file.h"
#include "engine/io/safetensors.h"
#include "engine/run/metrics.h"
#include "engine/run/results.h"
#include "engine/run/sweep_hint.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

const std::vector<nlohmann::json> kNeverCounts{
    -1,      0.5, std::uint64_t{1} << 62,    std::uint64_t{1} << 63, ~std::uint64_t{0}, 1e308,
    nullptr, "7", nlohmann::json::array({1})};
const std::vector<nlohmann::json> kNeverReals{1e308, nullptr, "7", nlohmann::json::object()};

class ForgedNumbers : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config(), .overrides = {"train.epochs=1"}});
  }
  [[nodiscard]] std::string file_of_sweep() const { return root_ + "/sweep"; }
  [[nodiscard]] std::string checkpoint() const { return directory() + "/checkpoint.safetensors"; }

  // Replaces the training state; in the format that has no checksum.
  void forge_state(const nlohmann::json& state) const {
    SafetensorsFile file = read_safetensors(checkpoint());
    file.metadata["training_state"] = state.dump();
    file.metadata["format"] = "pcnn 1";
    file.metadata.erase("checksum");
    std::vector<TensorRef> tensors;
    for (const auto& [name, tensor] : file.tensors) tensors.push_back({name, tensor.shape, tensor.values});
    write_safetensors(checkpoint(), file.metadata, tensors);
  }
  [[nodiscard]] nlohmann::json state() const {
    return nlohmann::json::parse(read_safetensors(checkpoint()).metadata.at("training_state"));
  }
};

TEST_F(ForgedNumbers, OfACheckpointAreRefusedByName) {
  std::filesystem::remove(directory() + "/previous.safetensors");
  const nlohmann::json good = state();
  const auto refuses = [&](const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    forge_state(bad);
    std::string name = "training_state" + pointer;
    std::ranges::replace(name, '/', '.');
    for (const bool dry : {false, true}) {
      const std::string message =
          message_of({.resume = directory(), .overrides = {"train.epochs=2"}, .dry_run = dry});
      EXPECT_EQ(message.find(checkpoint()), 0u) << pointer << " " << value << ": " << message;
      EXPECT_NE(message.find(name + ": found "), std::string::npos) << value << ": " << message;
      EXPECT_NE(message.find(", accepted: "), std::string::npos) << message;
    }
  };
  for (const auto& [key, number] : good.at("progress").items())
    for (const nlohmann::json& value : number.is_number_integer() ? kNeverCounts : kNeverReals)
      refuses("/progress/" + key, value);
  for (const nlohmann::json& value : kNeverCounts) refuses("/best/epoch", value);
  for (const nlohmann::json& value : kNeverReals)
    if (!value.is_null())  // which older versions wrote of what had diverged
      refuses("/best/validation_nats_per_dim", value);
  refuses("/epoch_is_open", 1);
  refuses("/precision", 1);
  refuses("/progress", 1);
  refuses("/best", nullptr);
  // As good as any other by itself.
  nlohmann::json ahead = good;
  ahead["progress"]["step"] = 1'000'000;
  forge_state(ahead);
  const std::string message = message_of({.resume = directory(), .overrides = {"train.epochs=2"}});
  EXPECT_NE(
      message.find("training_state.progress.images: found 39, accepted: 7800000, as 1,000,000 steps see with "
                   "a batch of 8 of 39 images"),
      std::string::npos)
      << message;

  forge_state(good);
  EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=2"}}), "");
}

// A curve with a gap is worth more than none.
TEST_F(ForgedNumbers, OfMetricsArePassedOverByLine) {
  const std::string path = directory() + "/metrics.jsonl";
  append_metrics(path, WindowMetrics{.epoch = 1.0, .step = 5, .steps = 5});
  const std::string good = slurp(path);
  const MetricsLog whole = read_metrics_log(path);
  const auto lines = static_cast<std::int64_t>(whole.epochs.size() + whole.windows.size());
  int tried = 0;
  std::size_t begin = 0;
  for (std::size_t end; (end = good.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto line = nlohmann::json::parse(good.substr(begin, end - begin));
    for (const auto& [key, number] : line.items()) {
      if (!number.is_number()) continue;
      for (const nlohmann::json& value : number.is_number_integer() ? kNeverCounts : kNeverReals) {
        nlohmann::json bad = line;
        bad[key] = value;
        write_file_atomic(path, good + bad.dump() + "\n" + good);
        const MetricsLog log = read_metrics_log(path);
        EXPECT_EQ(log.epochs.size(), 2 * whole.epochs.size()) << bad;
        EXPECT_EQ(log.windows.size(), 2 * whole.windows.size()) << bad;
        EXPECT_EQ(log.unread.count, 1) << bad;
        EXPECT_EQ(log.unread.first, lines + 1) << bad;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 60);

  // A run that goes on says so, once, and has the curves of the others.
  const std::string forged = R"({"epoch":-1,"step":0})";
  write_file_atomic(path, forged + "\n" + good);
  EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=2"}}), "");
  const std::string said = slurp(directory() + "/log.txt");
  const std::size_t note = said.find(path + ": line 1 cannot be read and is passed over\n");
  EXPECT_NE(note, std::string::npos) << said;
  EXPECT_EQ(said.find("cannot be read", note + path.size() + 30), std::string::npos) << said;
  EXPECT_TRUE(slurp(path).starts_with(forged + "\n")) << slurp(path);
}

TEST_F(ForgedNumbers, OfResultsArePassedOverByName) {
  const std::string path = directory() + "/results.json";
  const auto good = nlohmann::json::parse(slurp(path));
  const auto refuses = [&](const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    write_file_atomic(path, bad.dump());
    std::string message;
    EXPECT_FALSE(read_results(path, message)) << value;
    EXPECT_EQ(message.find(path), 0u) << message;
    EXPECT_NE(message.find(pointer.substr(pointer.rfind('/') + 1) + ": found "), std::string::npos)
        << value << ": " << message;
  };
  for (const char* key : {"/step", "/epoch", "/models/0/epoch", "/models/0/images"})
    for (const nlohmann::json& value : kNeverCounts) refuses(key, value);
  for (const char* key : {"/models/0/nats_per_dim", "/models/0/nats_per_image", "/models/0/bits_per_dim"})
    for (const nlohmann::json& value : kNeverReals) refuses(key, value);
  refuses("/ended", "maybe");
  refuses("/reason", 3);
  refuses("/models", 3);
  write_file_atomic(path, good.dump());
  std::string note;
  EXPECT_EQ(read_results(path, note)->scores.size(), good.at("models").size());
}

// A number that only a narrower one takes for a trial's.
TEST_F(ForgedNumbers, OfASweepNameNoTrial) {
  std::filesystem::create_directories(file_of_sweep());
  for (const nlohmann::json& best : kNeverCounts) {
    write_file_atomic(file_of_sweep() + "/sweep.json", nlohmann::json{{"best", best}}.dump());
    EXPECT_NE(
        error_of([&] { refuse_sweep(file_of_sweep(), "pcnn-sample "); }).find("none of its trials has ended"),
        std::string::npos)
        << best;
  }
  write_file_atomic(file_of_sweep() + "/sweep.json", std::string_view("{\"best\": 4294967297}"));
  EXPECT_NE(
      error_of([&] { refuse_sweep(file_of_sweep(), "pcnn-sample "); }).find("none of its trials has ended"),
      std::string::npos);
  write_file_atomic(file_of_sweep() + "/sweep.json", std::string_view("{\"best\": 2}"));
  EXPECT_NE(error_of([&] { refuse_sweep(file_of_sweep(), "pcnn-sample "); }).find("trial-2"),
            std::string::npos);
}

}  // namespace
}  // namespace pcnn

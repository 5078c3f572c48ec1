#include "engine/config/config.h"

#include <gtest/gtest.h>

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

std::vector<std::string> notes_of(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  const ConfigDocument document = ConfigDocument::from_string(yaml, "x.yaml", overrides);
  EXPECT_EQ(document.root().section("sample").integer("chain_batch", 0, ConfigRange::between(0, 100)), 8);
  document.reject_unread();
  return document.notes();
}

TEST(RenamedKey, MeansTheNewOneWithANote) {
  const std::vector<std::string> note{"sample.flock is called sample.chain_batch now"};
  EXPECT_EQ(notes_of("sample: {flock: 8}"), note);
  EXPECT_EQ(notes_of("sample: {}", {"sample.flock=8"}), note);
  EXPECT_EQ(notes_of("sample: {chain_batch: 8}"), std::vector<std::string>{});
}

TEST(RenamedKey, ThatIsNullNeedsNoNote) {
  const ConfigDocument document = ConfigDocument::from_string("sample: {flock: null}", "x.yaml");
  EXPECT_EQ(document.root().section("sample").integer("chain_batch", 3, ConfigRange::between(0, 100)), 3);
  document.reject_unread();
  EXPECT_TRUE(document.notes().empty());
}

TEST(RenamedKey, IsLeftOutBesideAValueOfTheNewOne) {
  EXPECT_EQ(
      notes_of("sample: {flock: 4, chain_batch: 8}"),
      std::vector<std::string>{"sample.flock is left out beside sample.chain_batch, as it is called now"});
  EXPECT_EQ(notes_of("sample: {flock: null}", {"sample.chain_batch=8"}), std::vector<std::string>{});
  EXPECT_EQ(notes_of("sample: {chain_batch: null}", {"sample.flock=8"}),
            std::vector<std::string>{"sample.flock is called sample.chain_batch now"});
}

// Whoever gives it on the command line means it, under either name.
TEST(RenamedKey, OfAHigherLayerStandsOverTheNewOneBelow) {
  EXPECT_EQ(notes_of("sample: {chain_batch: 4}", {"sample.flock=8"}),
            std::vector<std::string>{"sample.flock is called sample.chain_batch now"});
  EXPECT_EQ(
      notes_of("sample: {flock: 4}", {"sample.chain_batch=8"}),
      std::vector<std::string>{"sample.flock is left out beside sample.chain_batch, as it is called now"});
}

}  // namespace
}  // namespace pcnn

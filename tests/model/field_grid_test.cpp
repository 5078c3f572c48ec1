#include "engine/model/field_grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/support/networks.h"

namespace pcnn {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(FieldGrid, OfTheTutorialNetworkSees192Of220AndIsBlindTo28) {
  const FieldGrid grid = field_grid(testing::tutorial_network());
  EXPECT_EQ(grid.up, 10);
  EXPECT_EQ(grid.side, 10);
  EXPECT_EQ(grid.count(FieldCell::kSeen), 192);
  EXPECT_EQ(grid.count(FieldCell::kBlind), 28);
  EXPECT_EQ(grid.count(FieldCell::kPixel), 1);
  EXPECT_EQ(grid.count(FieldCell::kBeyond), 0);
  EXPECT_EQ(grid.count(FieldCell::kLater), 10 + 21);
  EXPECT_EQ(grid.cell(10, 10), FieldCell::kPixel);
  EXPECT_EQ(grid.cell(9, 13), FieldCell::kSeen);
  EXPECT_EQ(grid.cell(9, 14), FieldCell::kBlind);
}

TEST(FieldGrid, IsDrawnAsTextWithALegend) {
  ModelConfig config;
  config.input_kernel = {3, 3};
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 4}}};
  const std::string text = field_text(field_grid(build_network(config, 1, 9, 9)));
  EXPECT_EQ(text,
            "  # # # # #\n"
            "  # # # # o\n"
            "  # # @ . .\n"
            "  . . . . .\n"
            "  @  the pixel\n"
            "  #  seen: 11 of the 12 earlier pixels in reach of the kernels\n"
            "  o  blind spot: 1 that no path through the masks reaches\n"
            "  .  later pixels\n");
}

TEST(FieldGrid, LeavesOutWhatNoPathCouldReachWithoutMasks) {
  NetworkBuilder builder(1, 9, 9, Activation::kTanh, 0.0f);
  const int left = builder.masked_conv("left", 0, MaskType::kA, {1, 3}, 2);
  const int above = builder.masked_conv("above", 0, MaskType::kA, {3, 1}, 2);
  const Network network = std::move(builder).finish(builder.add("both", left, above));
  const FieldGrid grid = field_grid(network);
  EXPECT_EQ(grid.count(FieldCell::kSeen), 2);
  EXPECT_EQ(grid.count(FieldCell::kBlind), 0);
  EXPECT_EQ(grid.count(FieldCell::kBeyond), 2);  // above to the left, above to the right
}

TEST(FieldGrid, TellsWhatChannelsSeeOfTheirOwnPixel) {
  ModelConfig config;
  config.input_filters = 6;
  config.output_filters = {};
  const std::string coloured = field_text(field_grid(build_network(config, 3, 9, 9)));
  EXPECT_TRUE(contains(coloured, "each of the 3 channels also sees the channels before it")) << coloured;
  config.head = {.kind = HeadKind::kLogisticMixture, .levels = 8, .mixtures = 2};
  EXPECT_FALSE(contains(field_text(field_grid(build_network(config, 3, 9, 9))), "channels"));
}

TEST(FieldGrid, IsCutWhereItIsTooWideForATerminal) {
  ModelConfig config;
  config.input_kernel = {3, 61};
  config.blocks = {{2, MaskedConvBlockConfig{{3, 61}, 4}}};
  config.input_filters = 4;
  const FieldGrid grid = field_grid(build_network(config, 1, 9, 150));
  EXPECT_EQ(grid.columns(), 181);
  const std::vector<std::string> lines = lines_of(field_text(grid));
  for (const std::string& line : lines) EXPECT_LE(line.size(), 101u);
  EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
    return contains(line, "the whole field is 3 up and 90 to either side");
  }));
  const auto own_row = std::ranges::find_if(lines, [](const auto& line) { return contains(line, "@"); });
  EXPECT_EQ(std::ranges::count(*own_row, '#'), std::ranges::count(*own_row, '.'))
      << "the pixel is in the middle";
}

TEST(FieldGrid, EndsWhereTheImageDoes) {
  ModelConfig config;
  config.input_kernel = {9, 9};
  config.blocks = {{300, MaskedConvBlockConfig{{9, 9}, 1}}};  // and does not take long
  config.input_filters = 1;
  const FieldGrid grid = field_grid(build_network(config, 1, 7, 5));
  EXPECT_EQ(grid.up, 6);
  EXPECT_EQ(grid.side, 4);
  EXPECT_EQ(grid.count(FieldCell::kBeyond), 0);
}

}  // namespace
}  // namespace pcnn

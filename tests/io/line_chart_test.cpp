#include "engine/io/line_chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace pcnn {
namespace {

std::string chart(const std::vector<ChartSeries>& series) {
  return line_chart_svg("t", "x", "y", series);
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Every text between `before` and the next `after`.
std::vector<std::string> all_between(const std::string& text, const std::string& before, char after) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    found.push_back(text.substr(at, text.find(after, at) - at));
  }
  return found;
}

// The tick labels of the x axis are anchored in the middle and stand in one row; those of the y axis end at
// it.
std::vector<std::string> x_ticks(const std::string& svg) {
  return all_between(svg, "y=\"403.0\" text-anchor=\"middle\">", '<');
}

std::vector<std::string> y_ticks(const std::string& svg) {
  return all_between(svg, "text-anchor=\"end\">", '<');
}

using Labels = std::vector<std::string>;

TEST(LineChart, HasAViewBoxAWhiteGroundAndItsTexts) {
  const std::string svg =
      line_chart_svg("mnist", "epoch", "nats", std::vector<ChartSeries>{{"train", {1, 2}, {3, 4}}});
  EXPECT_EQ(svg.find("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 440\""), 0U);
  EXPECT_NE(svg.find("fill=\"white\""), std::string::npos);
  for (const char* text : {">mnist<", ">epoch<", ">nats<", ">train<"}) EXPECT_EQ(occurrences(svg, text), 1U);
}

TEST(LineChart, AFineLineLiesUnderTheOthersAndDoesNotFlattenThem) {
  ChartSeries fine{"fine", {}, {}, true};
  for (int i = 1; i <= 20; ++i) {
    fine.x.push_back(0.1 * i);
    fine.y.push_back(i == 1 ? 50.0 : 1.0 + 0.01 * i);
  }
  const std::string svg = chart({{"coarse", {1, 2}, {1.1, 1.2}}, fine});
  EXPECT_LT(svg.find("stroke-width=\"1\" stroke-linejoin"), svg.find("stroke-width=\"2\" stroke-linejoin"));
  EXPECT_EQ(occurrences(svg, "<circle"), 2U) << "the fine line has no dots";
  for (const std::string& tick : y_ticks(svg))
    EXPECT_LT(std::stod(tick), 2.0) << "its first point is cut off";
  EXPECT_EQ(all_between(svg, "<polyline points=\"", '"').front().find("80.0,"), std::string::npos);
}

TEST(LineChart, EscapesTexts) {
  const std::string svg =
      line_chart_svg("a<b", "x&y", "\"q\"\n", std::vector<ChartSeries>{{"l>m", {1}, {1}}});
  for (const char* text : {">a&lt;b<", ">x&amp;y<", ">&quot;q&quot; <", ">l&gt;m<"})
    EXPECT_EQ(occurrences(svg, text), 1U) << text;
}

TEST(LineChart, TicksAreRoundAndCoverThePoints) {
  const std::string svg = chart({{"", {0, 1.5}, {0.0799, 0.1034}}});
  EXPECT_EQ(x_ticks(svg), (Labels{"0.0", "0.5", "1.0", "1.5"}));
  EXPECT_EQ(y_ticks(svg), (Labels{"0.075", "0.080", "0.085", "0.090", "0.095", "0.100", "0.105"}));
  EXPECT_EQ(y_ticks(chart({{"", {0, 1}, {-0.1, 0.3}}})), (Labels{"-0.1", "0.0", "0.1", "0.2", "0.3"}));
}

TEST(LineChart, EpochsHaveWholeTicks) {
  EXPECT_EQ(x_ticks(chart({{"", {1, 2}, {0, 1}}})), (Labels{"1", "2"}));
  EXPECT_EQ(x_ticks(chart({{"", {1}, {0}}})), (Labels{"0", "1", "2"}));
  EXPECT_EQ(x_ticks(chart({{"", {1, 20}, {0, 1}}})), (Labels{"0", "5", "10", "15", "20"}));
}

TEST(LineChart, PutsPointsWhereTheirTicksAre) {
  const std::string svg = chart({{"", {0, 1, 2}, {0, 5, 10}}});
  EXPECT_NE(svg.find("points=\"80.0,385.0 390.0,215.0 700.0,45.0\""), std::string::npos);
}

TEST(LineChart, LeavesOutPointsThatAreNotFinite) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const std::string svg = chart({{"", {0, 1, 2, 900, kInf, kNan}, {0, 5, 10, kNan, 1, -kInf}}});
  EXPECT_EQ(svg, chart({{"", {0, 1, 2}, {0, 5, 10}}}));
}

TEST(LineChart, ALonePointIsADot) {
  const std::string svg = chart({{"", {1}, {0.5}}});
  EXPECT_EQ(occurrences(svg, "<circle"), 1U);
  EXPECT_EQ(occurrences(svg, "<polyline"), 0U);
}

TEST(LineChart, ManyPointsAreALineWithoutDots) {
  ChartSeries series{"", std::vector<double>(1000), std::vector<double>(1000)};
  for (std::size_t i = 0; i < 1000; ++i) series.x[i] = static_cast<double>(i);
  EXPECT_EQ(occurrences(chart({series}), "<circle"), 0U);
  EXPECT_EQ(occurrences(chart({series}), "<polyline"), 1U);
}

TEST(LineChart, NothingToDrawIsStillAChart) {
  for (const std::vector<ChartSeries>& series :
       {std::vector<ChartSeries>{}, {{"", {}, {}}}, {{"train", {}, {}}, {"validation", {1}, {NAN}}}}) {
    const std::string svg = chart(series);
    EXPECT_EQ(occurrences(svg, "<circle") + occurrences(svg, "<polyline"), 0U);
    EXPECT_EQ(y_ticks(svg).size(), 6U);
  }
}

TEST(LineChart, ManySeriesShareThePalette) {
  EXPECT_EQ(occurrences(chart(std::vector<ChartSeries>(20, {"l", {1, 2}, {1, 2}})), "<polyline"), 20U);
}

TEST(LineChart, ExtremeValuesStayInsideThePicture) {
  const double values[] = {0,    -0.0, 5e-324, 1e-300, 1e-9,   1,      1 + 1e-15, 1 + 1e-8,
                           1e7,  -1e7, 1e16,   1e200,  -1e200, 1e250,  3,         0.1 + 0.2,
                           -1e9, 12,   1e-6,   99999,  1e308,  -1e308, 2e-200,    1e-201};
  for (const double a : values)
    for (const double b : values) {
      const std::string svg = chart({{"", {a, b}, {b, a}}});
      EXPECT_LE(x_ticks(svg).size(), 14U) << a << ", " << b;
      EXPECT_GE(x_ticks(svg).size(), 2U) << a << ", " << b;
      EXPECT_EQ(svg.find("nan"), std::string::npos) << a << ", " << b;
      EXPECT_EQ(svg.find("inf"), std::string::npos) << a << ", " << b;
      for (const char* coordinate : {"cx=\"", "cy=\""})
        for (const std::string& pixel : all_between(svg, coordinate, '"')) {
          EXPECT_GE(std::stod(pixel), 45) << a << ", " << b;
          EXPECT_LE(std::stod(pixel), 700) << a << ", " << b;
        }
    }
}

TEST(LineChart, RefusesAnXWithoutItsY) {
  EXPECT_THROW((void)chart({{"", {1, 2}, {1}}}), std::invalid_argument);
}

}  // namespace
}  // namespace pcnn

// The files that scoring writes: scores, maps, pictures.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/run/eval_report.h"
#include "tests/run/eval_run.h"

namespace pcnn {
namespace {

// The cells of a line of CSV.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells{""};
  bool quoted = false;
  for (const char c : line)
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back() += c;
  return cells;
}

TEST_F(EvalRun, WritesScoresThatReadBackAsTheyAre) {
  EvalOptions wanted = options();
  wanted.scores = file("scores.csv");
  const Evaluation evaluation = evaluate(wanted);
  std::istringstream lines(slurp(wanted.scores));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "index,file_index,nats,nats_per_dim,bits_per_dim");
  std::size_t count = 0;
  for (; std::getline(lines, line); ++count) {
    std::istringstream cells(line);
    std::vector<double> values;
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stod(cell));
    ASSERT_EQ(values.size(), 5u) << line;
    EXPECT_EQ(values[0], static_cast<double>(count));
    EXPECT_EQ(values[1], static_cast<double>(count));
    EXPECT_EQ(values[2], evaluation.nats[count]);
    EXPECT_EQ(values[3], evaluation.nats[count] / (kHeight * kWidth));
    EXPECT_DOUBLE_EQ(values[4], values[3] / std::log(2.0));
  }
  EXPECT_EQ(count, 9u);
}

TEST_F(EvalRun, ScoresAFolderAndNamesItsFilesAndClasses) {
  const std::string folder = file("own");
  for (const char* name : {"cat, black/10.png", "cat, black/9.png", "dog/a.png"}) {
    const fs::path path = folder + "/" + name;
    fs::create_directories(path.parent_path());
    std::vector<std::uint8_t> pixels(kHeight * kWidth, 0);
    std::fill_n(pixels.begin(), path.filename().string().size() * 3, std::uint8_t{255});
    write_png(path.string(), {.width = kWidth, .height = kHeight, .channels = 1, .pixels = pixels});
  }
  std::ofstream(folder + "/dog/a.jpg") << "x";
  EvalOptions wanted = own("own");
  wanted.scores = file("own.csv");
  wanted.nll_map = file("own_nll_map.png");
  wanted.count = 1;
  const Evaluation evaluation = evaluate(wanted);
  EXPECT_EQ(evaluation.split, folder + ", 3 images");
  EXPECT_TRUE(has_note(evaluation, folder + ": passed over: 1 .jpg"));
  std::istringstream lines(slurp(wanted.scores));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "index,file_index,nats,nats_per_dim,bits_per_dim,file,label");
  const std::vector<std::string> files{"cat, black/9.png", "cat, black/10.png", "dog/a.png"},
      labels{"cat, black", "cat, black", "dog"};
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(std::getline(lines, line));
    const std::vector<std::string> cells = cells_of(line);
    ASSERT_EQ(cells.size(), 7u) << line;
    EXPECT_EQ(cells[0], std::to_string(i));
    EXPECT_EQ(std::stod(cells[2]), evaluation.nats[i]);
    EXPECT_EQ(cells[5], files[i]);
    EXPECT_EQ(cells[6], labels[i]);
  }
  const nlohmann::json nll_map = nlohmann::json::parse(report_json(evaluation, wanted)).at("nll_map");
  for (const char* side : {"most_likely", "least_likely"})
    EXPECT_EQ(nll_map.at(std::string(side) + "_files").at(0),
              files[nll_map.at(side).at(0).get<std::size_t>()]);
}

TEST_F(EvalRun, ShowsTheMostAndTheLeastLikelyImagesBesideTheirNats) {
  EvalOptions wanted = options("train");
  wanted.nll_map = file("nll_map.png");
  wanted.count = 3;
  const Evaluation evaluation = evaluate(wanted);
  ASSERT_TRUE(evaluation.nll_map);
  const Evaluation::NllMap& nll_map = *evaluation.nll_map;
  ASSERT_EQ(nll_map.most_likely.size(), 3u);
  ASSERT_EQ(nll_map.least_likely.size(), 3u);
  EXPECT_EQ(evaluation.nats[static_cast<std::size_t>(nll_map.most_likely[0])],
            std::ranges::min(evaluation.nats));
  EXPECT_EQ(evaluation.nats[static_cast<std::size_t>(nll_map.least_likely[0])],
            std::ranges::max(evaluation.nats));

  const Image8 picture = read_png(wanted.nll_map);
  constexpr int kScale = 4, kGap = 2, kTile = kWidth * kScale + kGap;
  EXPECT_EQ(picture.width, 4 * kTile + kGap);
  EXPECT_EQ(picture.height, 3 * (kHeight * kScale + kGap) + kGap);
  // Row by row each map adds up to its image's nats, as far as 8 bits tell.
  for (int row = 0; row < 3; ++row)
    for (const int column : {1, 3}) {
      double sum = 0.0;
      for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x)
          sum += picture.pixels[picture.offset(kGap + row * (kHeight * kScale + kGap) + y * kScale,
                                               kGap + column * kTile + x * kScale)];
      const auto& side = column == 1 ? nll_map.most_likely : nll_map.least_likely;
      const double nats = evaluation.nats[static_cast<std::size_t>(side[static_cast<std::size_t>(row)])];
      const double step = nll_map.white_nats / 255.0;
      EXPECT_NEAR(sum * step, nats, 0.5 * step * kHeight * kWidth) << "row " << row << ", column " << column;
    }
  EXPECT_TRUE(std::ranges::find(picture.pixels, 255) != picture.pixels.end());
  expect_contains(report_text(evaluation, wanted), "3 most likely images (left) and the 3 least likely");

  wanted = options();
  wanted.nll_map = file("all.png");
  wanted.count = 100;  // of nine
  EXPECT_EQ(evaluate(wanted).nll_map->most_likely.size(), 9u);
  EXPECT_EQ(read_png(wanted.nll_map).height, 9 * (kHeight * kScale + kGap) + kGap);
}

TEST_F(EvalRun, NeverOverwritesUnlessTold) {
  EvalOptions wanted = options();
  wanted.scores = file("scores.csv");
  wanted.nll_map = file("nll_map.png");
  (void)evaluate(wanted);
  const std::string before = slurp(wanted.scores);
  expect_contains(message(wanted), "scores.csv: exists already");
  fs::remove(wanted.scores);
  expect_contains(message(wanted), "nll_map.png: exists already");
  EXPECT_FALSE(fs::exists(wanted.scores));
  wanted.overwrite = true;
  EXPECT_EQ(message(wanted), "");
  EXPECT_EQ(slurp(wanted.scores), before);
}

TEST_F(EvalRun, TakesEndingsInCapitals) {
  EvalOptions wanted = options();
  wanted.scores = file("SCORES.CSV");
  wanted.nll_map = file("MAP.PNG");
  (void)evaluate(wanted);
  EXPECT_TRUE(slurp(wanted.scores).starts_with("index,"));
  EXPECT_EQ(read_png(wanted.nll_map).channels, 1);
}

}  // namespace
}  // namespace pcnn

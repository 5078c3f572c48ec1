// LSTMs over an image, held against the plain loops, whatever the shape of the image, the instruction set and
// the channel groups; and the walk that puts their pixels in order.

#include "engine/compile/batch/lstm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "engine/compile/batch/pixel_copies.h"
#include "engine/compile/kernels/pixel_gemm_tile.h"
#include "tests/support/agreement.h"
#include "tests/support/compiled.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

constexpr LstmPath kPaths[] = {LstmPath::kRows, LstmPath::kDiagonal, LstmPath::kDiagonalBack};

LstmOp op_of(LstmPath path, int columns = 3) {
  return {.path = path,
          .state_count = path == LstmPath::kRows ? columns : 2,
          .down = path == LstmPath::kDiagonalBack ? 1 : 0};
}

// One LSTM of `maps` maps for each channel group.
Network lstm_network(LstmPath path, int columns, int channels, int height, int width, int maps) {
  NetworkBuilder builder(channels, height, width, Activation::kTanh, 0.0f, channels);
  const int gates = builder.masked_conv("gates", 0, MaskType::kA, {3, 3}, 4 * maps * channels);
  const int states =
      builder.lstm("states", gates, path, path == LstmPath::kRows ? columns : op_of(path).state_count);
  return std::move(builder).finish(builder.masked_conv("logits", states, MaskType::kB, {1, 1}, channels));
}

struct Size {
  int height, width;
};
constexpr Size kSizes[] = {{1, 1}, {2, 2}, {1, 7}, {7, 1}, {2, 5}, {5, 2}, {6, 6}, {4, 9}};

TEST(LstmWalk, VisitsEveryPixelOnceAfterThoseItReads) {
  for (const LstmPath path : kPaths)
    for (const auto& [height, width] : kSizes) {
      const LstmOp op = op_of(path);
      const LstmWalk walk(op, {2, 3, height, width}, true);
      std::set<std::pair<int, int>> seen;
      for (int step = 0; step < walk.steps(); ++step)
        for (int place = walk.first(step); place < walk.end(step); ++place) {
          const int row = walk.row(step, place), column = walk.column(step, place);
          EXPECT_TRUE(seen.emplace(row, column).second);
          for (int state = 0; state < walk.state_count(); ++state) {
            const Tap tap = op.states()[static_cast<std::size_t>(state)];
            const std::pair from{row + tap.down, column + tap.right};
            if (from.first < 0 || from.second < 0 || from.second >= width) continue;
            EXPECT_TRUE(seen.contains(from));
            const int before = place + walk.shift(state);
            ASSERT_GT(step, 0);
            EXPECT_EQ(walk.row(step - 1, before), from.first);
            EXPECT_EQ(walk.column(step - 1, before), from.second);
          }
        }
      EXPECT_EQ(seen.size(), static_cast<std::size_t>(height * width));
    }
}

// Steps that have memory of their own do not overlap, and two that take turns do not either.
TEST(LstmWalk, KeepsTheStepsApart) {
  for (const LstmPath path : kPaths)
    for (const bool keeps : {true, false}) {
      const LstmWalk walk(op_of(path, 5), {3, 2, 4, 6}, keeps);
      for (int step = 1; step < walk.steps(); ++step) {
        const auto begin = [&](int of) { return walk.at(of, walk.first(of) - walk.reach()); };
        const auto end = [&](int of) { return walk.at(of, walk.end(of) + walk.reach()); };
        EXPECT_TRUE(end(step - 1) <= begin(step) || end(step) <= begin(step - 1)) << step;
        EXPECT_LE(end(step), walk.rows());
      }
    }
}

TEST(Lstm, IsWhatPlainLoopsComputeInEveryShape) {
  testing::Random random(1);
  for (const LstmPath path : kPaths)
    for (const auto& [height, width] : kSizes)
      for (const int channels : {1, 3})
        for (const int columns : {1, 3, 5}) {
          if (columns != 3 && path != LstmPath::kRows) continue;
          const Network network = lstm_network(path, columns, channels, height, width, random.between(1, 9));
          testing::expect_agreement(testing::random_case(random, network, random.between(1, 4)));
        }
}

TEST(Lstm, IsTheSameOnEveryInstructionSet) {
  testing::Random random(2);
  for (const TrainingKernels& kernels : training_kernels())
    for (const LstmPath path : kPaths) {
      SCOPED_TRACE(kernels.name);
      testing::expect_agreement(testing::random_case(random, lstm_network(path, 3, 1, 6, 7, 17), 3),
                                {.kernels = kernels});
    }
}

// In bf16 the states are rounded before they are multiplied; gates and cells are not.
TEST(Lstm, InBf16IsNearF32) {
  if (!can_compute(Precision::kBf16)) GTEST_SKIP() << "no bf16 here";
  testing::Random random(3);
  for (const LstmPath path : kPaths) {
    const testing::Case c = testing::random_case(random, lstm_network(path, 3, 1, 6, 7, 16), 2);
    testing::Compiled f32(c.network, 2, c.parameters, Purpose::kTraining),
        bf16(c.network, 2, c.parameters, Purpose::kTraining, {.precision = Precision::kBf16});
    const std::vector<float> exact = f32.forward(c.pixels), rounded = bf16.forward(c.pixels);
    for (std::size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(rounded[i], exact[i], 0.03);
    const std::vector<float> slopes = f32.backward(c.diff_logits), near = bf16.backward(c.diff_logits);
    const double length = std::sqrt(std::inner_product(slopes.begin(), slopes.end(), slopes.begin(), 0.0));
    double off = 0.0;
    for (std::size_t i = 0; i < slopes.size(); ++i) off += std::pow(near[i] - slopes[i], 2);
    EXPECT_LT(std::sqrt(off), 0.03 * length);
  }
}

// The same without the hardware: maps in bf16, and the product of bf16 from plain instructions.
struct LstmRun {
  std::vector<float> result, diff_src, gradients;
};
template <typename Element>
LstmRun run_alone(const LstmOp& op, const Shape& shape, const std::vector<float>& src,
                  const std::vector<float>& diff, const std::vector<float>& weights,
                  const PixelKernel& product) {
  const LstmLayer layer{
      .walk = LstmWalk(op, shape, true),
      .src = {.images = shape.n, .maps = 4 * shape.c, .pixels = shape.h * shape.w, .block = 8},
      .dst = {.images = shape.n, .maps = shape.c, .pixels = shape.h * shape.w, .block = 8},
      .is_bf16 = std::is_same_v<Element, Bf16>};
  const std::size_t values = layer.walk.rows() * to_index(shape.c), weight_count = weights.size(),
                    of_step = to_index(layer.walk.places() * shape.n * shape.c);
  std::vector<float> gates(4 * values, NAN), hidden(values, NAN), cell(values, NAN),
      diff_hidden(of_step, NAN), carry(of_step, NAN),
      before(layer.walk.rows() * weight_count / to_index(4 * shape.c), NAN), work(weight_count, NAN);
  std::vector<std::byte> scratch(lstm_scratch(layer.walk, product));
  const auto in_elements = [](const std::vector<float>& from) {
    std::vector<Element> to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) assign(to[i], from[i]);
    return to;
  };
  const auto in_floats = [](const std::vector<Element>& from) {
    std::vector<float> to;
    for (const Element value : from) to.push_back(as_float(value));
    return to;
  };
  const std::vector<Element> gates_in = in_elements(src), diff_in = in_elements(diff);
  std::vector<Element> result(diff.size()), diff_src(src.size());
  const auto forth = pack_state_weights(weights, shape.c, op.state_count, false, product),
             back = pack_state_weights(weights, shape.c, op.state_count, true, product);
  const LstmBuffers buffers{gates.data(), hidden.data(), cell.data(),
                            reinterpret_cast<std::uint16_t*>(scratch.data())};
  const TrainingKernels& kernels = training_kernels().back();
  LstmRun run;
  run_lstm(layer, kernels, {&product, forth.data()}, buffers, gates_in.data(), result.data());
  run.gradients.resize(weight_count);
  run_lstm_backward(layer, kernels, {&product, back.data()}, buffers,
                    {diff_hidden.data(), carry.data(), before.data(), work.data()}, diff_in.data(),
                    diff_src.data(), run.gradients.data());
  run.result = in_floats(result);
  run.diff_src = in_floats(diff_src);
  return run;
}

void expect_near(const std::vector<float>& values, const std::vector<float>& exact, double tolerance) {
  double off = 0.0, size = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    off += std::pow(double{values[i]} - double{exact[i]}, 2);
    size += std::pow(double{exact[i]}, 2);
  }
  EXPECT_LT(std::sqrt(off), tolerance * std::sqrt(size));
}

TEST(Lstm, InBf16IsNearF32WithPlainInstructions) {
  testing::Random random(6);
  using Tile = PixelTile<4, PlainBf16Product<4>>;
  const PixelKernel bf16{"4 lanes, bf16", Tile::kPanel, Precision::kBf16, Tile::run};
  for (const LstmPath path : kPaths) {
    const LstmOp op = op_of(path);
    const Shape shape{2, 8, 5, 6};
    const auto draw = [&](std::size_t count, float scale) {
      std::vector<float> values(count);
      for (float& value : values) value = scale * random.normal();
      return values;
    };
    const std::vector<float> src = draw(4 * shape.size(), 1.0f), diff = draw(shape.size(), 1.0f),
                             weights = draw(to_index(32 * 8 * op.state_count), 0.2f);
    const LstmRun exact = run_alone<float>(op, shape, src, diff, weights, pixel_kernels().front()),
                  rounded = run_alone<Bf16>(op, shape, src, diff, weights, bf16);
    expect_near(rounded.result, exact.result, 0.02);
    expect_near(rounded.diff_src, exact.diff_src, 0.02);
    expect_near(rounded.gradients, exact.gradients, 0.02);
  }
}

// Through all steps of time: the program's own gradient against differences of its own logits.
TEST(Lstm, GradientIsTheSlopeOfTheProgramsLogits) {
  testing::Random random(4);
  for (const LstmPath path : kPaths) {
    const testing::Case c = testing::random_case(random, lstm_network(path, 3, 1, 5, 6, 4), 2);
    std::vector<float> direction(c.parameters.size());
    for (float& value : direction) value = random.normal();
    zero_dead_weights(c.network, direction);
    constexpr double kStep = 1e-2;
    const auto loss_at = [&](double step) {
      std::vector<float> moved = c.parameters;
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += static_cast<float>(step * direction[i]);
      testing::Compiled program(c.network, 2, moved, Purpose::kTraining);
      const std::vector<float> logits = program.forward(c.pixels);
      return std::inner_product(logits.begin(), logits.end(), c.diff_logits.begin(), 0.0);
    };
    testing::Compiled program(c.network, 2, c.parameters, Purpose::kTraining);
    program.forward(c.pixels);
    const std::vector<float> gradient = program.backward(c.diff_logits);
    const double slope = std::inner_product(gradient.begin(), gradient.end(), direction.begin(), 0.0);
    // Of fourth order in the step.
    const double difference =
        (8 * (loss_at(kStep) - loss_at(-kStep)) - (loss_at(2 * kStep) - loss_at(-2 * kStep))) / (12 * kStep);
    EXPECT_NEAR(difference, slope, 2e-3 * std::max(1.0, std::abs(slope)));
  }
}

// What fills the memory before means nothing, and a workspace can be used again for another batch.
TEST(Lstm, LeavesNothingFromOneBatchToTheNext) {
  testing::Random random(5);
  for (const LstmPath path : kPaths) {
    const testing::Case a = testing::random_case(random, lstm_network(path, 3, 1, 4, 5, 3), 2);
    testing::Compiled fresh(a.network, 2, a.parameters, Purpose::kTraining),
        used(a.network, 2, a.parameters, Purpose::kTraining);
    std::vector<float> large(a.pixels.size(), 50.0f);
    used.forward(large);
    used.backward(a.diff_logits);
    EXPECT_EQ(used.forward(a.pixels), fresh.forward(a.pixels));
    EXPECT_EQ(used.backward(a.diff_logits), fresh.backward(a.diff_logits));
  }
}

}  // namespace
}  // namespace pcnn

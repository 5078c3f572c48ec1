// The elementwise kernels of every instruction set this processor has, against loops that say what they mean.
// The weight gradient is tested within whole networks: program_test.cpp.

#include "engine/compile/kernels/training_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tests/support/random.h"

namespace pcnn {
namespace {

std::vector<float> normals(testing::Random& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = random.normal();
  return values;
}

double derivative(const ActivationOp& op, double y) {
  switch (op.function) {
    case Activation::kRelu:
      return y > 0 ? 1 : 0;
    case Activation::kLeakyRelu:
      return y > 0 ? 1 : op.slope;
    case Activation::kElu:
      return y > 0 ? 1 : y + op.slope;
    case Activation::kTanh:
      return 1 - y * y;
    case Activation::kSigmoid:
      return y * (1 - y);
  }
  return 0;
}

TEST(TrainingKernels, ActivationBackwardMultipliesByTheSlopeAtEveryLength) {
  testing::Random random(1);
  for (const TrainingKernels& kernels : training_kernels())
    for (const Activation function : {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                      Activation::kTanh, Activation::kSigmoid})
      for (std::size_t count = 0; count < 40; ++count) {
        const ActivationOp op{.function = function, .slope = 0.3f};
        std::vector<float> y = normals(random, count), diff = normals(random, count + 1);
        if (count > 0) y[0] = 0.0f;  // relu's slope there is 0
        std::vector<float> apart(count + 1, 7.0f), in_place = diff;
        kernels.activation_backward(op, count, y.data(), diff.data(), apart.data());
        kernels.activation_backward(op, count, y.data(), in_place.data(), in_place.data());
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_NEAR(apart[i], diff[i] * derivative(op, y[i]), 1e-6 * (1 + std::abs(apart[i])))
              << kernels.name << ", " << i << " of " << count;
          EXPECT_EQ(apart[i], in_place[i]) << kernels.name;
        }
        EXPECT_EQ(apart[count], 7.0f) << kernels.name << " wrote past the end";
        EXPECT_EQ(in_place[count], diff[count]) << kernels.name << " wrote past the end";
      }
}

TEST(TrainingKernels, ReluBackwardDropsWhatComesThroughADeadUnit) {
  for (const TrainingKernels& kernels : training_kernels()) {
    const std::vector<float> y(19, 0.0f);
    std::vector<float> diff(19, std::numeric_limits<float>::infinity());
    kernels.activation_backward({.function = Activation::kRelu}, diff.size(), y.data(), diff.data(),
                                diff.data());
    EXPECT_EQ(diff, std::vector<float>(19, 0.0f)) << kernels.name << ": 0 times infinity is no gradient";
  }
}

TEST(TrainingKernels, SumAddsAtEveryLengthAndInPlace) {
  testing::Random random(2);
  for (const TrainingKernels& kernels : training_kernels())
    for (std::size_t count = 0; count < 40; ++count) {
      const std::vector<float> a = normals(random, count), b = normals(random, count);
      std::vector<float> expected(count + 1, 7.0f), apart = expected, onto_b = b;
      for (std::size_t i = 0; i < count; ++i) expected[i] = a[i] + b[i];
      kernels.sum(count, a.data(), b.data(), apart.data());
      kernels.sum(count, a.data(), onto_b.data(), onto_b.data());
      EXPECT_EQ(apart, expected) << kernels.name;
      expected.pop_back();
      EXPECT_EQ(onto_b, expected) << kernels.name;
    }
}

// Exact: float sums of bf16 values, rounded once.
float widened(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

Bf16 nearest(float value) {
  const auto below = static_cast<Bf16>(std::bit_cast<std::uint32_t>(value) >> 16);
  const auto above = static_cast<Bf16>(below + 1);  // away from zero
  const double down = std::abs(static_cast<double>(value) - widened(below));
  const double up = std::abs(static_cast<double>(widened(above)) - value);
  return down < up || (down == up && below % 2 == 0) ? below : above;
}

TEST(TrainingKernels, Bf16IsComputedInF32AndRoundedToTheNearest) {
  testing::Random random(3);
  const ActivationOp relu{.function = Activation::kRelu}, tanh{.function = Activation::kTanh};
  for (const TrainingKernels& kernels : training_kernels())
    for (std::size_t count = 0; count < 70; ++count) {
      std::vector<Bf16> a(count), b(count), sums(count + 1, 7), masked = sums, sloped = sums;
      for (std::size_t i = 0; i < count; ++i) {
        a[i] = nearest(random.normal());
        // Halves of the last place of a, so that ties come up.
        b[i] = i % 3 ? nearest(random.normal()) : nearest(widened(a[i]) / 256);
      }
      kernels.sum_bf16(count, a.data(), b.data(), sums.data());
      kernels.activation_backward_bf16(relu, count, a.data(), b.data(), masked.data());
      kernels.activation_backward_bf16(tanh, count, a.data(), b.data(), sloped.data());
      for (std::size_t i = 0; i < count; ++i) {
        const float x = widened(a[i]), y = widened(b[i]);
        EXPECT_EQ(sums[i], nearest(x + y)) << kernels.name << ": " << x << " + " << y;
        EXPECT_EQ(masked[i], x > 0 ? b[i] : 0) << kernels.name;
        EXPECT_NEAR(widened(sloped[i]), y * (1 - x * x), 0.005 * std::abs(y * (1 + x * x))) << kernels.name;
      }
      EXPECT_EQ(sums[count], 7) << kernels.name << " wrote past the end";
      EXPECT_EQ(masked[count], 7) << kernels.name << " wrote past the end";
    }
}

// Every block that oneDNN lays maps out in, the last one filled up or not, and pixels with all their maps.
std::vector<MapLayout> map_layouts(testing::Random& random) {
  std::vector<MapLayout> layouts;
  for (const int block : {1, 4, 8, 16, 0})
    for (int round = 0; round < 6; ++round) {
      const int maps = random.between(1, 150);
      layouts.push_back({.images = random.between(1, 3),
                         .maps = maps,
                         .pixels = random.between(1, 30),
                         .block = block == 0 ? maps : block});
    }
  return layouts;
}

std::size_t element_count(const MapLayout& layout) {
  const int blocks = (layout.maps + layout.block - 1) / layout.block;
  return static_cast<std::size_t>(layout.images * blocks * layout.pixels * layout.block);
}

// visit(place in memory, image, map); a map from layout.maps on is none.
template <typename Visit>
void for_each_value(const MapLayout& layout, Visit&& visit) {
  std::size_t at = 0;
  for (int image = 0; image < layout.images; ++image)
    for (int first = 0; first < layout.maps; first += layout.block)
      for (int pixel = 0; pixel < layout.pixels; ++pixel)
        for (int i = 0; i < layout.block; ++i) visit(at++, image, first + i);
}

struct ByClass {
  ByClass(testing::Random& random, const MapLayout& of_layout, int classes) : layout(of_layout) {
    for (int image = 0; image < layout.images; ++image) of_image.push_back(random.between(0, classes - 1));
    table = normals(random, place(classes, 0));
    values = normals(random, element_count(layout));
    for_each_value(layout, [&](std::size_t at, int, int map) {
      if (map >= layout.maps) values[at] = 0.0f;
    });
  }
  [[nodiscard]] std::size_t place(int row, int map) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(layout.maps) +
           static_cast<std::size_t>(map);
  }
  [[nodiscard]] std::size_t place_of(int image, int map) const {
    return place(of_image[static_cast<std::size_t>(image)], map);
  }

  MapLayout layout;
  std::vector<int> of_image;
  std::vector<float> table, values;
};

TEST(TrainingKernels, ClassVectorsAreAddedInEveryLayoutAndZerosStayZero) {
  testing::Random random(4);
  const ActivationOp relu{.function = Activation::kRelu}, sigmoid{.function = Activation::kSigmoid};
  for (const TrainingKernels& kernels : training_kernels())
    for (const MapLayout& layout : map_layouts(random)) {
      const ByClass c(random, layout, 4);
      for (const ActivationOp* op : {static_cast<const ActivationOp*>(nullptr), &relu, &sigmoid}) {
        const ClassVectors vectors{
            .layout = layout, .classes = c.of_image.data(), .table = c.table.data(), .activation = op};
        std::vector<float> apart(c.values.size() + 1, 7.0f), in_place = c.values;
        kernels.add_class_vectors(vectors, c.values.data(), apart.data());
        kernels.add_class_vectors(vectors, in_place.data(), in_place.data());
        EXPECT_EQ(apart.back(), 7.0f) << kernels.name << " wrote past the end";
        apart.pop_back();
        EXPECT_EQ(apart, in_place) << kernels.name;
        for_each_value(layout, [&](std::size_t at, int image, int map) {
          float expected = 0.0f;
          if (map < layout.maps) expected = c.values[at] + c.table[c.place_of(image, map)];
          if (op == &relu) expected = std::max(expected, 0.0f);
          if (op == &sigmoid && map < layout.maps) expected = 1.0f / (1.0f + std::exp(-expected));
          ASSERT_NEAR(apart[at], expected, op == &sigmoid ? 1e-6 : 0.0)
              << kernels.name << ", blocks of " << layout.block << ", map " << map << " of " << layout.maps;
        });
      }
    }
}

TEST(TrainingKernels, GradientsAreSummedByClassInEveryLayout) {
  testing::Random random(5);
  for (const TrainingKernels& kernels : training_kernels())
    for (const MapLayout& layout : map_layouts(random)) {
      const ByClass c(random, layout, 4);
      std::vector<float> sums = c.table;  // added to what is there
      sums.push_back(7.0f);
      kernels.sum_by_class(layout, c.of_image.data(), c.values.data(), sums.data());
      std::vector<double> expected(c.table.begin(), c.table.end());
      for_each_value(layout, [&](std::size_t at, int image, int map) {
        if (map < layout.maps) expected[c.place_of(image, map)] += c.values[at];
      });
      EXPECT_EQ(sums.back(), 7.0f) << kernels.name << " wrote past the end";
      for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(sums[i], expected[i], 1e-4) << kernels.name << ", blocks of " << layout.block;
    }
}

TEST(TrainingKernels, ClassVectorsAndTheirGradientsInBf16AreThoseOfTheWidenedNumbers) {
  testing::Random random(6);
  for (const TrainingKernels& kernels : training_kernels())
    for (const MapLayout& layout : map_layouts(random)) {
      ByClass c(random, layout, 3);
      std::vector<Bf16> values, results(c.values.size());
      for (float& value : c.values) value = widened(values.emplace_back(nearest(value)));
      const ClassVectors vectors{.layout = layout, .classes = c.of_image.data(), .table = c.table.data()};
      kernels.add_class_vectors_bf16(vectors, values.data(), results.data());
      for_each_value(layout, [&](std::size_t at, int image, int map) {
        const float sum = map < layout.maps ? c.values[at] + c.table[c.place_of(image, map)] : 0.0f;
        ASSERT_EQ(results[at], nearest(sum)) << kernels.name << ", blocks of " << layout.block;
      });
      std::vector<float> sums(c.table.size(), 0.0f), exact = sums;
      kernels.sum_by_class_bf16(layout, c.of_image.data(), values.data(), sums.data());
      kernels.sum_by_class(layout, c.of_image.data(), c.values.data(), exact.data());
      EXPECT_EQ(sums, exact) << kernels.name << ", blocks of " << layout.block;
    }
}

TEST(TrainingKernels, Bf16KeepsInfinitiesAndNotANumber) {
  for (const TrainingKernels& kernels : training_kernels()) {
    const std::vector<Bf16> a{0x7f80, 0xff80, 0x7fc0, 0x7f7f}, zero(4, 0);
    std::vector<Bf16> sums(4);
    kernels.sum_bf16(4, a.data(), zero.data(), sums.data());
    EXPECT_EQ(sums[0], 0x7f80) << kernels.name;
    EXPECT_EQ(sums[1], 0xff80) << kernels.name;
    EXPECT_TRUE(std::isnan(widened(sums[2]))) << kernels.name;
    EXPECT_EQ(sums[3], 0x7f7f) << kernels.name << ": the largest finite value";
  }
}

}  // namespace
}  // namespace pcnn

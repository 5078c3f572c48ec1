// The vectors of classes by the kernels of every instruction set this processor has, against plain loops.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/compile/kernels/training_kernels.h"
#include "tests/support/bf16.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::nearest, testing::normals, testing::widened;

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

TEST(ClassVectors, AreAddedInEveryLayoutAndZerosStayZero) {
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

TEST(ClassVectors, HaveGradientsThatAreSummedByClassInEveryLayout) {
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

TEST(ClassVectors, AndTheirGradientsInBf16AreThoseOfTheWidenedNumbers) {
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

}  // namespace
}  // namespace pcnn

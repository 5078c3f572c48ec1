// The vectors of classes by the kernels of every instruction set this processor has, against plain loops.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/compile/kernels/training_kernels.h"
#include "tests/support/bf16.h"
#include "tests/support/map_layouts.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::element_count, testing::for_each_value, testing::map_layouts;
using testing::nearest, testing::normals, testing::widened;

struct ByClass {
  ByClass(testing::Random& random, const MapLayout& of_layout, int classes) : layout(of_layout) {
    for (int image = 0; image < layout.images; ++image) of_image.push_back(random.between(0, classes - 1));
    table = normals(random, place(classes, 0));
    values = normals(random, element_count(layout));
    for_each_value(layout, [&](std::size_t at, int, int map, int) {
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
        for_each_value(layout, [&](std::size_t at, int image, int map, int) {
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
      for_each_value(layout, [&](std::size_t at, int image, int map, int) {
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
      for_each_value(layout, [&](std::size_t at, int image, int map, int) {
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

// The sampler's attention of one query: against a loop that says what it means, and with the same bits
// whatever the width of a vector.

#include "engine/compile/kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/compile/kernels/attention_tile.h"
#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/compile/pixel/attention_cache.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using Attend = void (*)(const PixelAttention&);

struct Query {
  AttentionCache cache;
  std::size_t count;
  std::vector<float> query, keys, values;  // [key], [pixel][key], [pixel][value]
  std::vector<float> kept;                 // of one head, as the cache says; what is not written is NaN

  Query(testing::Random& random, std::size_t earlier, std::size_t key, std::size_t value)
      : cache{.pixels = earlier + 3, .heads = 1, .key = key, .value = value},
        count(earlier),
        query(testing::normals(random, key)),
        keys(testing::normals(random, earlier * key)),
        values(testing::normals(random, earlier * value)),
        kept(cache.floats(), std::numeric_limits<float>::quiet_NaN()) {
    for (std::size_t pixel = 0; pixel < earlier; ++pixel) {
      cache.write_key(keys.data() + pixel * key, pixel, kept.data() + cache.keys_at(0, 0));
      cache.write_value(values.data() + pixel * value, pixel, kept.data() + cache.values_at(0, 0));
    }
  }

  // The last of so many queries that are computed at once, those before it of fewer pixels each.
  std::vector<float> attended_by(Attend attend, std::size_t queries = 1) const {
    const std::size_t stride = cache.key + 2, last = queries - 1;
    std::vector<float> all(queries * stride, 0.7f),
        scratch(attention_scratch_floats(cache.pixels, cache.value)), dst(queries * (cache.value + 1), 7.0f);
    std::copy(query.begin(), query.end(), all.begin() + static_cast<std::ptrdiff_t>(last * stride));
    attend({.queries = queries,
            .count = count - last,
            .key = cache.key,
            .value = cache.value,
            .scale = 0.5f,
            .query = all.data(),
            .query_stride = stride,
            .keys = kept.data() + cache.keys_at(0, 0),
            .values = kept.data() + cache.values_at(0, 0),
            .scratch = scratch.data(),
            .dst = dst.data(),
            .dst_stride = cache.value + 1});
    for (std::size_t i = 0; i < queries; ++i)
      EXPECT_EQ(dst[(i + 1) * (cache.value + 1) - 1], 7.0f) << "wrote past the end";
    dst.pop_back();
    return {dst.end() - static_cast<std::ptrdiff_t>(cache.value), dst.end()};
  }

  [[nodiscard]] std::vector<double> exact() const {
    std::vector<double> dst(cache.value, 0.0);
    double sum = 0.0;
    for (std::size_t pixel = 0; pixel < count; ++pixel) {
      double score = 0.0;
      for (std::size_t k = 0; k < cache.key; ++k) score += query[k] * keys[pixel * cache.key + k];
      const double weight = std::exp(0.5 * score);
      sum += weight;
      for (std::size_t v = 0; v < cache.value; ++v) dst[v] += weight * values[pixel * cache.value + v];
    }
    for (double& value : dst) value = sum > 0.0 ? value / sum : 0.0;
    return dst;
  }
};

template <typename Check>
void for_each_query(Check&& check) {
  testing::Random random(3);
  for (const std::size_t count : {0, 1, 2, 3, 5, 15, 16, 17, 63, 64, 65, 100, 333})
    for (const auto& [key, value] : {std::pair{1, 1}, {4, 16}, {16, 5}, {7, 33}, {3, 48}})
      check(Query(random, count, static_cast<std::size_t>(key), static_cast<std::size_t>(value)));
}

TEST(PixelAttention, AgreesWithPlainLoopsAndReadsNothingThatWasNotWritten) {
  for_each_query([](const Query& query) {
    const std::vector<double> exact = query.exact();
    for (const PixelKernel& kernel : pixel_kernels()) {
      const std::vector<float> dst = query.attended_by(kernel.attend);
      for (std::size_t i = 0; i < dst.size(); ++i)
        EXPECT_NEAR(dst[i], exact[i], 2e-6 * (1 + std::abs(exact[i])))
            << kernel.name << ", " << query.count << " pixels, map " << i << " of " << dst.size();
    }
  });
}

// Scores of hundreds, whose exponentials are no floats.
TEST(PixelAttention, TakesTheLargestScoreOffBeforeItsExponential) {
  testing::Random random(4);
  for (const float scale : {-100.0f, 100.0f}) {
    Query query(random, 40, 16, 16);
    for (float& value : query.query) value *= scale;
    double largest = -std::numeric_limits<double>::infinity();
    std::size_t seen = 0;
    std::vector<double> scores;
    for (std::size_t pixel = 0; pixel < 40; ++pixel) {
      double score = 0.0;
      for (std::size_t k = 0; k < 16; ++k) score += 0.5 * query.query[k] * query.keys[pixel * 16 + k];
      scores.push_back(score);
      if (score > largest) largest = score, seen = pixel;
    }
    ASSERT_GT(largest, 100.0);
    std::ranges::sort(scores);
    ASSERT_GT(scores[39] - scores[38], 15.0) << "one pixel is to have all of the weight";
    for (const PixelKernel& kernel : pixel_kernels()) {
      const std::vector<float> dst = query.attended_by(kernel.attend);
      for (std::size_t i = 0; i < dst.size(); ++i) EXPECT_NEAR(dst[i], query.values[seen * 16 + i], 1e-5);
    }
  }
}

TEST(PixelAttention, GivesAQueryTheSameBitsBesideAnyOthers) {
  for_each_query([](const Query& query) {
    for (const PixelKernel& kernel : pixel_kernels()) {
      const std::vector<float> alone = query.attended_by(kernel.attend);
      for (std::size_t queries = 2; queries <= std::min(query.count + 1, kAttentionQueries); ++queries)
        EXPECT_EQ(query.attended_by(kernel.attend, queries), alone) << kernel.name << ", " << queries;
    }
  });
}

TEST(PixelAttention, HasTheSameBitsForEveryWidthOfAVector) {
  for_each_query([](const Query& query) {
    const std::vector<float> expected = query.attended_by(AttentionTile<16>::attend);
    EXPECT_EQ(query.attended_by(AttentionTile<8>::attend), expected);
    EXPECT_EQ(query.attended_by(AttentionTile<4>::attend), expected);
    // And built for instruction sets with fused multiply-add.
    const auto kernels = pixel_kernels();
    for (std::size_t i = 2; i < kernels.size(); ++i)
      EXPECT_EQ(query.attended_by(kernels[i].attend), query.attended_by(kernels[1].attend));
  });
}

}  // namespace
}  // namespace pcnn

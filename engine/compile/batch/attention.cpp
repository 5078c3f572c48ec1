#include "engine/compile/batch/attention.h"

#include <algorithm>
#include <cmath>

#include "engine/compile/matrix_product.h"

namespace pcnn {
namespace {

constexpr std::size_t kQueries =
    64;  // of a block: its scores against 784 keys stay in the second-level cache

// One head of one image.
class Head {
 public:
  Head(const AttentionShape& shape, std::size_t image, std::size_t head)
      : shape_(shape), image_(image), head_(head) {}

  [[nodiscard]] std::size_t key_stride() const { return shape_.heads * shape_.key; }
  [[nodiscard]] std::size_t value_stride() const { return shape_.heads * shape_.value; }
  [[nodiscard]] std::size_t key_at(std::size_t pixel) const {
    return (image_ * shape_.pixels + pixel) * key_stride() + head_ * shape_.key;
  }
  [[nodiscard]] std::size_t value_at(std::size_t pixel) const {
    return (image_ * shape_.pixels + pixel) * value_stride() + head_ * shape_.value;
  }
  [[nodiscard]] std::size_t scale_at(std::size_t pixel) const {
    return (image_ * shape_.heads + head_) * shape_.pixels + pixel;
  }

 private:
  const AttentionShape& shape_;
  std::size_t image_, head_;
};

// Queries [first, end), and how many keys the last of them sees: some, but for an image of one pixel.
struct Block {
  std::size_t first = 0;
  std::size_t end = 0;
  [[nodiscard]] std::size_t queries() const { return end - first; }
  [[nodiscard]] std::size_t keys() const { return end - 1; }
};

// Of blocks that see any key.
template <typename Run>
void for_each_block(std::size_t pixels, Run&& run) {
  if (pixels < 2) return;
  for (std::size_t first = 0; first < pixels; first += kQueries)
    run(Block{first, std::min(first + kQueries, pixels)});
}

template <typename Run>
void for_each_head(const AttentionShape& shape, Run&& run) {
  for (std::size_t image = 0; image < shape.images; ++image)
    for (std::size_t head = 0; head < shape.heads; ++head) run(Head(shape, image, head));
}

float scale_of(const AttentionShape& shape) {
  return 1.0f / std::sqrt(static_cast<float>(shape.key));
}

std::size_t scores_of_a_block(const AttentionShape& shape) {
  return std::min(kQueries, shape.pixels) * shape.pixels;
}

void compute_scores(const AttentionShape& shape, const AttentionInputs& in, const Head& head,
                    const Block& block, float* scores) {
  multiply_on_this_thread(
      scale_of(shape), {in.query + head.key_at(block.first), block.queries(), shape.key, head.key_stride()},
      {in.key + head.key_at(0), block.keys(), shape.key, head.key_stride(), true}, 0.0f, scores,
      block.keys());
}

}  // namespace

std::size_t attention_scratch(const AttentionShape& shape, bool backward) {
  return (backward ? 2 : 1) * scores_of_a_block(shape);
}

void attend(const AttentionShape& shape, const TrainingKernels& kernels, const AttentionInputs& in,
            float* dst, SoftmaxScale* scales, float* scratch) {
  if (shape.pixels == 1) std::fill_n(dst, shape.images * shape.heads * shape.value, 0.0f);
  for_each_head(shape, [&](const Head& head) {
    for_each_block(shape.pixels, [&](const Block& block) {
      const std::size_t keys = block.keys();
      compute_scores(shape, in, head, block, scratch);
      SoftmaxScale of_block[kQueries];
      for (std::size_t i = 0; i < block.queries(); ++i)
        of_block[i] = kernels.softmax_row(block.first + i, keys, scratch + i * keys);
      float* const to = dst + head.value_at(block.first);
      multiply_on_this_thread(1.0f, {scratch, block.queries(), keys, keys},
                              {in.value + head.value_at(0), keys, shape.value, head.value_stride()}, 0.0f, to,
                              head.value_stride());
      for (std::size_t i = 0; i < block.queries(); ++i) {
        float* const row = to + i * head.value_stride();
        for (std::size_t map = 0; map < shape.value; ++map) row[map] *= of_block[i].inverse;
      }
      if (scales) std::copy_n(of_block, block.queries(), scales + head.scale_at(block.first));
    });
  });
}

void attend_backward(const AttentionShape& shape, const TrainingKernels& kernels, const AttentionInputs& in,
                     const float* dst, const SoftmaxScale* scales, const float* diff_dst,
                     const AttentionGradients& diff, float* scratch) {
  const std::size_t pixels = shape.images * shape.pixels;
  if (shape.pixels == 1) std::fill_n(diff.query, pixels * shape.heads * shape.key, 0.0f);
  std::fill_n(diff.key, pixels * shape.heads * shape.key, 0.0f);
  std::fill_n(diff.value, pixels * shape.heads * shape.value, 0.0f);
  float* const probabilities = scratch;
  float* const diff_scores = scratch + scores_of_a_block(shape);
  for_each_head(shape, [&](const Head& head) {
    for_each_block(shape.pixels, [&](const Block& block) {
      const std::size_t keys = block.keys(), queries = block.queries(), first = block.first;
      const StridedMatrix diff_block{diff_dst + head.value_at(first), queries, shape.value,
                                     head.value_stride()};
      compute_scores(shape, in, head, block, probabilities);
      for (std::size_t i = 0; i < queries; ++i)
        kernels.softmax_row_again(first + i, keys, scales[head.scale_at(first + i)],
                                  probabilities + i * keys);
      multiply_on_this_thread(1.0f, {probabilities, queries, keys, keys, true}, diff_block, 1.0f,
                              diff.value + head.value_at(0), head.value_stride());
      multiply_on_this_thread(1.0f, diff_block,
                              {in.value + head.value_at(0), keys, shape.value, head.value_stride(), true},
                              0.0f, diff_scores, keys);
      for (std::size_t i = 0; i < queries; ++i) {
        const float *to = diff_dst + head.value_at(first + i), *made = dst + head.value_at(first + i);
        float mean = 0.0f;  // of the row's gradients, weighted by its probabilities
        for (std::size_t map = 0; map < shape.value; ++map) mean += to[map] * made[map];
        kernels.softmax_row_backward(first + i, keys, probabilities + i * keys, mean, scale_of(shape),
                                     diff_scores + i * keys);
      }
      multiply_on_this_thread(1.0f, {diff_scores, queries, keys, keys},
                              {in.key + head.key_at(0), keys, shape.key, head.key_stride()}, 0.0f,
                              diff.query + head.key_at(first), head.key_stride());
      multiply_on_this_thread(1.0f, {diff_scores, queries, keys, keys, true},
                              {in.query + head.key_at(first), queries, shape.key, head.key_stride()}, 1.0f,
                              diff.key + head.key_at(0), head.key_stride());
    });
  });
}

}  // namespace pcnn

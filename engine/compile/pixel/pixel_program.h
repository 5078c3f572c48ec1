#pragma once

// The network compiled to compute a few pixels at a time. A causal feature never changes once its pixel is
// done, so a sampler that visits the pixels in raster order computes one new feature vector per op, from a
// few rows it kept (row_layout.h): an image costs what one forward pass costs, not one pass per pixel.
//
// What is computed at once is a span: neighbouring pixels of one row, layer by layer, for a batch of chains
// that move together. Pixels that are drawn are spans of one; pixels that are known beforehand, or guessed,
// of as many as there are. A guess that was wrong spoils what was computed to its right, and nothing else:
//
//     guessed   1 1 0 0 1 1
//     drawn     1 1 0 1 . .     the fourth is right from its logits; the fifth is computed anew
//
// Maps that see the rows above only (sight.h) are computed for the whole row when it begins. A feature has
// the same bits in every span, every batch of chains, and on every instruction set with fused multiply-add:
// see pixel_gemm.h.
//
// Taps in rows above the image, or wholly beside it, are skipped. Nothing is read before it was written, but
// for the columns of zeros, so a state can be used for image after image without being cleared.
//
// An attention reads every earlier pixel. What it reads is kept for all of them, in the phase in which it is
// known: keys that see their own pixel when that is set. A span is attended column by column, each with the
// columns before it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <variant>
#include <vector>

#include "engine/compile/aligned_buffer.h"
#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/compile/pixel/attention_cache.h"
#include "engine/compile/pixel/packed_conv.h"
#include "engine/compile/pixel/row_layout.h"
#include "engine/compile/steps.h"
#include "engine/model/given.h"
#include "engine/model/network.h"

namespace pcnn {

class PixelProgram;

// What a batch of chains, which move from pixel to pixel together, has computed so far. One thread at a time;
// the program must outlive it.
class IncrementalState {
 public:
  // max_columns: of the spans given to set_pixels(); pixels that are drawn one by one need one. given: of
  // each chain's image, what the network's condition is. Throws ComputeError for others.
  IncrementalState(const PixelProgram& program, int chains, int max_columns = 1, const Given& given = {});
  [[nodiscard]] int chains() const { return chains_; }
  [[nodiscard]] int max_columns() const { return max_columns_; }

 private:
  friend class PixelProgram;
  int chains_;
  int max_columns_;
  PixelSpan last_;              // what was computed last; group and place mean nothing
  std::vector<float> vectors_;  // of conditions: [condition][chain][map]
  std::vector<float> values_;   // as RowLayout says
  AlignedBuffer rounded_;       // in bf16, as the program's layout of rounded nodes says
  AlignedBuffer caches_;        // of attentions
  std::vector<float> attention_scratch_;
  std::vector<PixelTap> taps_;
  AlignedBuffer scratch_;     // of the kernel
  std::vector<float> gates_;  // of an LSTM
};

// Immutable after construction, parameters included; shared by every thread.
class PixelProgram {
 public:
  // For images of network.image_width columns and any number of rows, where no maps are given of them and
  // nothing attends.
  // parameters: the flat f32 masters. The kernel must be one this processor can run, see pixel_gemm.h. Maps
  // are held in f32 under any kernel, and what products read in theirs beside it. Throws ComputeError where
  // the logits read their own pixel or later ones.
  PixelProgram(const Network& network, std::span<const float> parameters,
               const PixelKernel& kernel = pixel_kernels().back());

  // Bytes of an IncrementalState per chain: width x kernel rows x depth, and a little for every column of the
  // longest span; maps that are given are kept whole, and so is what attentions read.
  [[nodiscard]] std::size_t state_bytes_per_chain(int max_columns = 1) const {
    return (layout_.values(1, max_columns) + vector_floats_ + cache_floats_ +
            max_gates_ * to_index(std::max(max_columns, row_columns_))) *
               sizeof(float) +
           rounded_layout_.values(1, max_columns) * sizeof(std::uint16_t);
  }
  // The part of that which attentions read.
  [[nodiscard]] std::size_t cache_bytes_per_chain() const { return cache_floats_ * sizeof(float); }
  [[nodiscard]] std::size_t weight_bytes() const { return weight_bytes_; }

  [[nodiscard]] int groups() const { return network_.groups; }
  [[nodiscard]] Precision precision() const { return kernel_.precision; }
  [[nodiscard]] const char* arithmetic() const { return kernel_.arithmetic; }

  // The logits of one channel group at a pixel, [chain][logit channel of the group], valid until the next
  // call. Every pixel before it, in raster order from (0, 0), and every group before it, must have been
  // given; of pixels and groups that were given more than once, rightly the last time. Allocates nothing.
  // Throws ComputeError where there is no such pixel or group.
  [[nodiscard]] std::span<const float> logits(IncrementalState& state, int row, int column, int group) const;
  // What the image holds there, after logits(): [chain][image channel of the group] as fed to the network.
  // Throws ComputeError where that is not what `values` holds, here and in set_pixels().
  void set_pixel(IncrementalState& state, int row, int column, int group,
                 std::span<const float> values) const;
  // Pixels of one row, all groups of them, instead of logits() and set_pixel() for each: [group][column]
  // [chain][image channel of the group]. At most state.max_columns(). They may be guesses: a wrong one is set
  // right by set_pixel(), and the groups and pixels after it are asked for or given anew. rows_ahead: where
  // the next logits will be asked for, in this row or so many below it; maps that no such pixel depends on
  // are not computed. All pixels of a row must be given with the same.
  void set_pixels(IncrementalState& state, int row, int column, int columns, std::span<const float> values,
                  int rows_ahead = 0) const;
  // After set_pixels() with 0 rows ahead and until the next call: the logits of one channel group at each of
  // its pixels, [column][chain][logit channel of the group], given what it was given before them.
  [[nodiscard]] std::span<const float> span_logits(IncrementalState& state, int group) const;

 private:
  friend class IncrementalState;

  struct PackedConvStep {
    ConvStep step;
    std::vector<PackedConv> groups;  // by channel group
  };
  struct PackedEmbeddingStep {
    EmbeddingStep step;
    std::vector<float> table;  // [level][map]
  };
  struct PackedConditionStep {
    ConditionStep step;
    std::vector<float> table;         // [class][map] or [number][map]
    std::size_t maps = 0;             // in all groups
    std::size_t earlier_vectors = 0;  // floats of the conditions before it, for each chain
  };
  // Keys or values of an attention, into its cache.
  struct KeepStep {
    AttentionCache cache;
    int node = 0;
    bool is_key = true;
  };
  struct PackedAttentionStep {
    AttentionStep step;
    AttentionCache cache;
  };
  struct PackedLstmStep {
    LstmStep step;
    std::vector<PackedConv> groups;  // by channel group: of the states
  };
  using Work = std::variant<PackedConvStep, ActivationStep, AddStep, GateStep, PackedEmbeddingStep,
                            PackedConditionStep, ConcatenationStep, PackedLstmStep, KeepStep,
                            PackedAttentionStep, PositionsStep>;
  // When a step runs: once when its row begins; before the pixel is drawn; when the pixel's value is there.
  enum class Phase { kRow, kLogits, kPixel };
  // In which order it computes the columns of a span.
  enum class Order { kAtOnce, kLeftToRight, kRightToLeft };
  [[nodiscard]] static Order order_of(const Step& step);
  struct PixelStep {
    Work work;
    Phase phase = Phase::kLogits;
    Order order = Order::kAtOnce;
    int rows_ahead = 0;  // of the furthest logits that depend on the result
    int dst = -1;        // node; -1: there is none
  };

  struct Inference;  // what is sampled from: the network without dropout, and its steps
  PixelProgram(const Inference& inference, std::span<const float> parameters, const PixelKernel& kernel);
  [[nodiscard]] const PixelKernel& kernel_of(const ConvStep& step) const {
    return step.op.exact ? exact_kernel_ : kernel_;
  }
  // Of what attends, so that it is kept when it is there; nothing of other steps.
  void add_keep_steps(const Work& work, const std::vector<Sight>& sights, const std::vector<int>& rows_ahead);
  [[nodiscard]] float* cache_of(IncrementalState& state, const AttentionCache& cache) const;
  [[nodiscard]] static Phase phase_of(Sight sight);
  [[nodiscard]] Work pack(const ConvStep& step, std::span<const float> parameters);
  [[nodiscard]] Work pack(const ActivationStep& step, std::span<const float>) { return step; }
  [[nodiscard]] Work pack(const AddStep& step, std::span<const float>) { return step; }
  [[nodiscard]] Work pack(const GateStep& step, std::span<const float>) { return step; }
  [[nodiscard]] Work pack(const ConcatenationStep& step, std::span<const float>) { return step; }
  [[nodiscard]] Work pack(const DropoutStep& step, std::span<const float> parameters);
  [[nodiscard]] Work pack(const AttentionStep& step, std::span<const float>);
  [[nodiscard]] Work pack(const PositionsStep& step, std::span<const float>) { return step; }
  [[nodiscard]] Work pack(const EmbeddingStep& step, std::span<const float> parameters);
  [[nodiscard]] Work pack(const ConditionStep& step, std::span<const float> parameters);
  [[nodiscard]] Work pack(const LstmStep& step, std::span<const float> parameters);
  // Notes what products of such groups need.
  void note_products(std::span<const PackedConv> groups, int src);
  // What conditions add, for each chain.
  [[nodiscard]] std::vector<float> vectors_of(const Given& given, int chains) const;
  // A copy of a parameter's values.
  [[nodiscard]] std::vector<float> pack_table(int parameter, std::span<const float> parameters);
  void write_given_maps(const Given& given, IncrementalState& state) const;
  void check(const IncrementalState& state, const PixelSpan& span) const;
  // Those steps that logits so many rows ahead depend on.
  void run_all_groups(std::initializer_list<Phase> phases, IncrementalState& state, const PixelSpan& span,
                      int rows_ahead) const;
  void begin_row(IncrementalState& state, int row, int rows_ahead) const;
  // One pixel, in its place inside what was computed last, for what its groups left there.
  [[nodiscard]] PixelSpan pixel(IncrementalState& state, int row, int column, int group) const;
  [[nodiscard]] float* at(IncrementalState& state, int node, const PixelSpan& span) const;
  void run(const PixelStep& step, IncrementalState& state, const PixelSpan& span) const;
  // What the step made in bf16, where products read it.
  void round(int node, IncrementalState& state, const PixelSpan& span) const;
  [[nodiscard]] bool is_rounded(int node) const { return rounded_layout_.channels(node) > 0; }
  void run(const PackedConvStep& packed, IncrementalState& state, const PixelSpan& span) const;
  void run(const ActivationStep& step, IncrementalState& state, const PixelSpan& span) const;
  void run(const AddStep& step, IncrementalState& state, const PixelSpan& span) const;
  void run(const GateStep& step, IncrementalState& state, const PixelSpan& span) const;
  void run(const ConcatenationStep& step, IncrementalState& state, const PixelSpan& span) const;
  void run(const PackedLstmStep& packed, IncrementalState& state, const PixelSpan& span) const;
  // The taps that lie inside the image, of vectors kept for a node; returns how many there are.
  int gather_taps(const PackedConv& group, int node, IncrementalState& state, const PixelSpan& span) const;
  void run(const PackedEmbeddingStep& packed, IncrementalState& state, const PixelSpan& span) const;
  void run(const PackedConditionStep& packed, IncrementalState& state, const PixelSpan& span) const;
  void run(const KeepStep& keep, IncrementalState& state, const PixelSpan& span) const;
  void run(const PackedAttentionStep& packed, IncrementalState& state, const PixelSpan& span) const;
  void run(const PositionsStep& step, IncrementalState& state, const PixelSpan& span) const;
  // Floats of a node at the span, in one channel group.
  [[nodiscard]] std::size_t count(int node, const IncrementalState& state, const PixelSpan& span) const;

  Network network_;
  int given_maps_;            // their node; -1: there are none
  bool counts_rows_ = false;  // there are no more than image_height
  PixelKernel kernel_;
  PixelKernel exact_kernel_;  // of exact convolutions: in f32
  RowLayout layout_;
  RowLayout rounded_layout_;  // of the nodes that are kept in bf16, too
  std::vector<PixelStep> steps_;
  int row_columns_ = 0;  // of a whole row, where any step runs for one
  std::size_t weight_bytes_ = 0;
  std::size_t vector_floats_ = 0;      // of all conditions, for each chain
  std::size_t cache_floats_ = 0;       // of all attentions, for each chain
  std::size_t attention_scratch_ = 0;  // floats
  std::size_t max_gates_ = 0;          // of LSTMs, in one channel group, per chain and column
  std::size_t max_taps_ = 0;
  std::size_t max_tap_words_ = 0;  // of all taps of one step, per chain and column
};

}  // namespace pcnn

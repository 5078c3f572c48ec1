#include "engine/compile/batch/lstm.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/compile/batch/pixel_copies.h"
#include "engine/compile/matrix_product.h"
#include "engine/core/error.h"
#include "engine/core/index.h"

namespace pcnn {

LstmWalk::LstmWalk(const LstmOp& op, const Shape& dst, bool keeps) : op_(op), dst_(dst) {
  for (const Tap& state : op.states())
    shifts_.push_back(op.path == LstmPath::kRows ? state.right : state.down);
  const int steps = op.path == LstmPath::kRows ? dst.h : dst.h + dst.w - 1;
  const auto rows_of = [&](int count) { return to_index(count + 2 * reach()) * to_index(dst.n); };
  std::size_t begin = 0;
  for (int step = 0; step < steps; ++step) {
    begins_.push_back(keeps ? begin : to_index(step % 2) * rows_of(longest()));
    begin += rows_of(end(step) - first(step));
  }
  begins_.push_back(begin);
  rows_ = keeps ? begin : 2 * rows_of(longest());
  if (rows_ > to_index(std::numeric_limits<int>::max()))
    throw ComputeError(
        fmt::format("an LSTM over {} images of {}x{} at a time: too many pixels, accepted: fewer at a time",
                    dst.n, dst.h, dst.w));
}

int LstmWalk::first(int step) const {
  return op_.path == LstmPath::kRows ? 0 : std::max(0, step - dst_.w + 1);
}

int LstmWalk::end(int step) const {
  return op_.path == LstmPath::kRows ? dst_.w : std::min(dst_.h, step + 1);
}

int LstmWalk::row(int step, int place) const {
  return op_.path == LstmPath::kRows ? step : place;
}

int LstmWalk::column(int step, int place) const {
  switch (op_.path) {
    case LstmPath::kRows:
      return place;
    case LstmPath::kDiagonal:
      return step - place;
    case LstmPath::kDiagonalBack:
      break;
  }
  return dst_.w - 1 - (step - place);
}

std::size_t LstmWalk::at(int step, int place) const {
  return begins_[to_index(step)] + to_index(place - first(step) + reach()) * to_index(dst_.n);
}

std::size_t packed_state_words(int maps, int state_count, bool transposed, const PixelKernel& kernel) {
  const int filters = transposed ? maps : 4 * maps, depth = transposed ? 4 * maps : maps;
  const std::size_t filled = to_index((filters + kernel.panel - 1) / kernel.panel * kernel.panel);
  return filled * (to_index(state_count) * depth_words(kernel.precision, depth) + 1);
}

std::vector<std::uint32_t> pack_state_weights(std::span<const float> weights, int maps, int state_count,
                                              bool transposed, const PixelKernel& kernel) {
  const Shape stored{4 * maps, maps, 1, state_count};
  std::vector<float> turned;
  if (transposed) {
    turned.resize(weights.size());
    const Shape to{maps, 4 * maps, 1, state_count};
    for (int out = 0; out < stored.n; ++out)
      for (int in = 0; in < stored.c; ++in)
        for (int state = 0; state < state_count; ++state)
          turned[to.offset(in, out, 0, state)] = weights[stored.offset(out, in, 0, state)];
  }
  const Shape shape = transposed ? Shape{maps, 4 * maps, 1, state_count} : stored;
  std::vector<WeightSlice> slices;
  for (int state = 0; state < state_count; ++state) slices.push_back({.column = state});
  std::vector<std::uint32_t> packed =
      pack_pixel_weights({.weights = transposed ? std::span<const float>(turned) : weights,
                          .kernel = shape,
                          .first = 0,
                          .count = shape.n},
                         slices, shape.c, kernel);
  packed.resize(packed_state_words(maps, state_count, transposed, kernel), 0);
  return packed;
}

std::size_t lstm_scratch(const LstmWalk& walk, const PixelKernel& kernel) {
  if (kernel.precision == Precision::kF32) return 0;
  return to_index(walk.state_count()) * to_index(walk.longest()) * to_index(walk.images()) *
         depth_words(kernel.precision, 4 * walk.maps()) * sizeof(float);
}

namespace {

// dst += the product of what lies at these rows of `src`, one for each state, with the weights.
void add_product(const StateProduct& product, std::span<const float* const> src, int rows, int depth,
                 int filters, std::uint16_t* scratch, float* dst) {
  const PixelKernel& kernel = *product.kernel;
  const std::size_t tap_words = depth_words(kernel.precision, depth) * to_index(kernel.panel),
                    panel_words = tap_words * src.size(),
                    panels = to_index((filters + kernel.panel - 1) / kernel.panel);
  PixelTap taps[LstmOp::kMostStates];
  for (std::size_t state = 0; state < src.size(); ++state) taps[state] = {src[state], state * tap_words};
  kernel.run({.rows = rows,
              .depth = depth,
              .filters = filters,
              .taps = taps,
              .tap_count = static_cast<int>(src.size()),
              .weights = product.weights,
              .panel_words = panel_words,
              .scratch = scratch,
              .bias = reinterpret_cast<const float*>(product.weights + panels * panel_words),
              .skip = dst,
              .dst = dst});
}

template <typename Element>
class LstmPass {
 public:
  LstmPass(const LstmLayer& layer, const TrainingKernels& kernels, const StateProduct& product,
           const LstmBuffers& buffers)
      : layer_(layer),
        walk_(layer.walk),
        kernels_(kernels),
        product_(product),
        buffers_(buffers),
        images_(to_index(walk_.images())),
        maps_(to_index(walk_.maps())) {}

  void forward(const Element* src, Element* dst) const {
    for (int image = 0; image < walk_.images(); ++image)
      write_pixels<Element>(layer_.dst, nullptr, 0, image, {.count = walk_.down() * columns()}, dst);
    for (int step = 0; step < walk_.steps(); ++step) {
      float* const gates = gates_at(step, walk_.first(step));
      for (int image = 0; image < walk_.images(); ++image)
        read_pixels(layer_.src, src, image, pixels_of(step), gates + to_index(image) * 4 * maps_,
                    images_ * 4 * maps_);
      if (step > 0) {
        const float* states[LstmOp::kMostStates];
        for (int state = 0; state < walk_.state_count(); ++state)
          states[state] = hidden_at(step - 1, walk_.first(step) + walk_.shift(state));
        add_product(product_, {states, to_index(walk_.state_count())}, rows(step), walk_.maps(),
                    4 * walk_.maps(), buffers_.scratch, gates);
      }
      kernels_.lstm({.rows = cells(step),
                     .maps = maps_ / to_index(layer_.groups),
                     .gates = gates,
                     .cell_before = step > 0 ? cell_at(step - 1, walk_.first(step)) : nullptr,
                     .cell = cell_at(step, walk_.first(step)),
                     .hidden = hidden_at(step, walk_.first(step))});
      zero_ends(step, buffers_.hidden, maps_);
      zero_ends(step, buffers_.cell, maps_);
      for (int image = 0; image < walk_.images(); ++image)
        write_pixels(layer_.dst, hidden_at(step, walk_.first(step)) + to_index(image) * maps_,
                     images_ * maps_, image, result_pixels_of(step), dst);
    }
  }

  void backward(const LstmBackwardBuffers& work, const Element* diff_dst, Element* diff_src,
                float* gradients) const {
    std::fill_n(work.carry, to_index(walk_.places()) * images_ * maps_, 0.0f);
    for (int step = walk_.steps(); step-- > 0;) {
      gather_diff(step, diff_dst, work.diff_hidden);
      if (step + 1 < walk_.steps()) {
        const float* states[LstmOp::kMostStates];
        for (int state = 0; state < walk_.state_count(); ++state)
          states[state] = gates_at(step + 1, walk_.first(step) - walk_.shift(state));
        add_product(product_, {states, to_index(walk_.state_count())}, rows(step), 4 * walk_.maps(),
                    walk_.maps(), buffers_.scratch, work.diff_hidden);
      }
      kernels_.lstm_backward({.rows = cells(step),
                              .maps = maps_ / to_index(layer_.groups),
                              .gates = gates_at(step, walk_.first(step)),
                              .cell_before = step > 0 ? cell_at(step - 1, walk_.first(step)) : nullptr,
                              .cell = cell_at(step, walk_.first(step)),
                              .diff_hidden = work.diff_hidden,
                              .carry = work.carry + to_index(walk_.first(step)) * images_ * maps_});
      zero_ends(step, buffers_.gates, 4 * maps_);
      for (int image = 0; image < walk_.images(); ++image)
        write_pixels(layer_.src, gates_at(step, walk_.first(step)) + to_index(image) * 4 * maps_,
                     images_ * 4 * maps_, image, pixels_of(step), diff_src);
    }
    weight_gradient(work, gradients);
  }

 private:
  [[nodiscard]] int columns() const { return walk_.columns(); }
  [[nodiscard]] int rows(int step) const { return (walk_.end(step) - walk_.first(step)) * walk_.images(); }
  // Cells lie side by side, those of a channel group after those of the one before.
  [[nodiscard]] std::size_t cells(int step) const { return to_index(rows(step) * layer_.groups); }
  [[nodiscard]] float* gates_at(int step, int place) const {
    return buffers_.gates + walk_.at(step, place) * 4 * maps_;
  }
  [[nodiscard]] float* hidden_at(int step, int place) const {
    return buffers_.hidden + walk_.at(step, place) * maps_;
  }
  [[nodiscard]] float* cell_at(int step, int place) const {
    return buffers_.cell + walk_.at(step, place) * maps_;
  }

  // Of a step, in the source.
  [[nodiscard]] PixelRun pixels_of(int step) const {
    const auto pixel = [&](int place) {
      return walk_.row(step, place) * columns() + walk_.column(step, place);
    };
    const int first = walk_.first(step), count = walk_.end(step) - first;
    return {.first = pixel(first), .apart = count > 1 ? pixel(first + 1) - pixel(first) : 1, .count = count};
  }
  // The same in the result, without those that are moved out of the image: rows never go up from place to
  // place.
  [[nodiscard]] PixelRun result_pixels_of(int step) const {
    PixelRun run = pixels_of(step);
    run.first += walk_.down() * columns();
    const int rows = layer_.dst.pixels / columns();
    while (run.count > 0 && walk_.row(step, walk_.first(step) + run.count - 1) + walk_.down() >= rows)
      --run.count;
    return run;
  }

  // The places at both ends of a step, `values` for each image.
  void zero_ends(int step, float* buffer, std::size_t values) const {
    const std::size_t count = to_index(walk_.reach()) * images_ * values;
    std::fill_n(buffer + walk_.at(step, walk_.first(step) - walk_.reach()) * values, count, 0.0f);
    std::fill_n(buffer + walk_.at(step, walk_.end(step)) * values, count, 0.0f);
  }

  // d(loss)/d(hidden) of a step from what reads the result.
  void gather_diff(int step, const Element* diff_dst, float* to) const {
    const PixelRun run = result_pixels_of(step);
    const std::size_t of_place = images_ * maps_;
    for (int image = 0; image < walk_.images(); ++image)
      read_pixels(layer_.dst, diff_dst, image, run, to + to_index(image) * maps_, of_place);
    std::fill(to + to_index(run.count) * of_place, to + to_index(rows(step)) * maps_, 0.0f);
  }

  // All steps in one product: of the gates' gradients with the states that they read, side by side.
  void weight_gradient(const LstmBackwardBuffers& work, float* gradients) const {
    const std::size_t states = to_index(walk_.state_count()), row = states * maps_;
    std::fill_n(work.before, walk_.rows() * row, 0.0f);
    for (int step = 1; step < walk_.steps(); ++step)
      for (std::size_t state = 0; state < states; ++state) {
        const float* from = hidden_at(step - 1, walk_.first(step) + walk_.shift(static_cast<int>(state)));
        float* to = work.before + walk_.at(step, walk_.first(step)) * row + state * maps_;
        for (int i = 0; i < rows(step); ++i, from += maps_, to += row) std::copy_n(from, maps_, to);
      }
    multiply_on_this_thread(1.0f, {buffers_.gates, walk_.rows(), 4 * maps_, 4 * maps_, true},
                            {work.before, walk_.rows(), row, row}, 0.0f, work.product, row);
    for (std::size_t out = 0; out < 4 * maps_; ++out)
      for (std::size_t in = 0; in < maps_; ++in)
        for (std::size_t state = 0; state < states; ++state)
          *gradients++ = work.product[out * row + state * maps_ + in];
  }

  const LstmLayer& layer_;
  const LstmWalk& walk_;
  const TrainingKernels& kernels_;
  const StateProduct& product_;
  const LstmBuffers& buffers_;
  std::size_t images_;
  std::size_t maps_;
};

}  // namespace

void run_lstm(const LstmLayer& layer, const TrainingKernels& kernels, const StateProduct& product,
              const LstmBuffers& buffers, const void* src, void* dst) {
  if (layer.is_bf16)
    LstmPass<Bf16>(layer, kernels, product, buffers)
        .forward(static_cast<const Bf16*>(src), static_cast<Bf16*>(dst));
  else
    LstmPass<float>(layer, kernels, product, buffers)
        .forward(static_cast<const float*>(src), static_cast<float*>(dst));
}

void run_lstm_backward(const LstmLayer& layer, const TrainingKernels& kernels, const StateProduct& product,
                       const LstmBuffers& buffers, const LstmBackwardBuffers& backward, const void* diff_dst,
                       void* diff_src, float* gradients) {
  if (layer.is_bf16)
    LstmPass<Bf16>(layer, kernels, product, buffers)
        .backward(backward, static_cast<const Bf16*>(diff_dst), static_cast<Bf16*>(diff_src), gradients);
  else
    LstmPass<float>(layer, kernels, product, buffers)
        .backward(backward, static_cast<const float*>(diff_dst), static_cast<float*>(diff_src), gradients);
}

}  // namespace pcnn

#include "engine/compile/pixel/pixel_program.h"

#include <algorithm>
#include <iterator>

#include "engine/compile/arena_plan.h"
#include "engine/core/error.h"

namespace pcnn {
namespace {

std::size_t index(int value) {
  return static_cast<std::size_t>(value);
}

// Whether the maps of a channel group at a pixel depend on that group of the image there. Mask A cuts that;
// the logits' never do.
std::vector<bool> nodes_that_see_their_pixel(const Network& network) {
  std::vector<bool> sees(network.nodes.size(), true);
  for (std::size_t node = 1; node < network.nodes.size(); ++node) {
    const Op& op = network.nodes[node].op;
    const auto* conv = std::get_if<MaskedConvOp>(&op);
    const std::vector<int> read = sources(op);
    sees[node] = (!conv || conv->mask.type == MaskType::kB) &&
                 std::ranges::any_of(read, [&](int source) { return sees[index(source)]; });
  }
  return sees;
}

}  // namespace

PixelProgram::PixelProgram(const Network& network, std::span<const float> parameters,
                           const PixelKernel& kernel)
    : network_(network), kernel_(kernel), stores_(network.nodes.size()) {
  const Readers readers(network_);
  const std::vector<bool> sees = nodes_that_see_their_pixel(network_);
  if (sees[index(network_.logits)])
    throw ComputeError("the network is not causal: its logits read the pixel they are to predict");
  std::vector<bool> done(network_.nodes.size(), false);  // computed by an earlier step
  std::vector<Step> late_steps;
  for (int node = 1; node < static_cast<int>(network_.nodes.size()); ++node) {
    if (done[index(node)]) continue;
    const Op& op = network_.nodes[index(node)].op;
    std::vector<Step>& steps = sees[index(node)] ? late_steps : steps_;
    if (std::holds_alternative<MaskedConvOp>(op)) {
      ConvStep step = fuse(node, readers, sees);
      pack(step, parameters);
      if (step.activation) done[index(readers.only<ActivationOp>(node))] = true;
      done[index(step.dst)] = true;
      steps.emplace_back(std::move(step));
    } else if (const auto* activation = std::get_if<ActivationOp>(&op)) {
      steps.emplace_back(ActivationStep{*activation, node});
    } else if (const auto* add = std::get_if<AddOp>(&op)) {
      steps.emplace_back(AddStep{*add, node});
    }
  }
  early_steps_ = steps_.size();
  std::ranges::move(late_steps, std::back_inserter(steps_));
  place_nodes();
}

// The addition may be taken along only where its other operand comes before the convolution.
PixelProgram::ConvStep PixelProgram::fuse(int node, const Readers& readers,
                                          const std::vector<bool>& sees) const {
  ConvStep step{.op = std::get<MaskedConvOp>(network_.nodes[index(node)].op), .dst = node};
  if (const int reader = readers.only<ActivationOp>(node); reader >= 0) {
    step.activation = std::get<ActivationOp>(network_.nodes[index(reader)].op);
    step.dst = reader;
  }
  if (const int reader = readers.only<AddOp>(step.dst); reader >= 0) {
    const AddOp& add = std::get<AddOp>(network_.nodes[index(reader)].op);
    const int other = add.a == step.dst ? add.b : add.a;
    if (other < node && sees[index(other)] <= sees[index(node)]) {
      step.dst = reader;
      step.skip = other;
    }
  }
  return step;
}

void PixelProgram::pack(ConvStep& step, std::span<const float> parameters) {
  const Parameter& weight = network_.parameters[index(step.op.weight)];
  const Parameter& bias = network_.parameters[index(step.op.bias)];
  const int filters = weight.shape[0], of_group = filters / groups(),
            panels = (of_group + kernel_.panel - 1) / kernel_.panel;
  for (int group = 0; group < groups(); ++group) {
    PackedGroup& packed = step.groups.emplace_back();
    packed.weights =
        pack_pixel_weights(step.op, filters, parameters.subspan(weight.offset, weight.size), kernel_, group);
    packed.panel_words = packed.weights.size() / index(panels);
    packed.bias.resize(index(panels * kernel_.panel), 0.0f);
    std::ranges::copy(parameters.subspan(bias.offset + index(group * of_group), index(of_group)),
                      packed.bias.begin());
  }
  const int taps = live_taps(step.op.mask, step.op.kernel_height, step.op.kernel_width);
  max_taps_ = std::max(max_taps_, index(taps * groups()));
  max_tap_words_ = std::max(
      max_tap_words_, index(taps * groups()) * depth_words(precision(), step.op.in_channels / groups()));
}

// Nodes that kernels above 1x1 read keep their rows for good; the others share memory by the steps they live
// for.
void PixelProgram::place_nodes() {
  for (std::size_t node = 0; node < stores_.size(); ++node)
    stores_[node].channels = network_.nodes[node].channels;
  const auto keep = [&](int node, int rows) {
    Store& store = stores_[index(node)];
    store.rows = std::max(store.rows, rows);
    store.columns = network_.image_width;
  };
  keep(0, 1);  // the caller writes it after its pixel's steps

  std::vector<TensorLife> lives(stores_.size(), {.bytes = 0, .first_step = -1, .last_step = -1});
  const auto touch = [&](int node, int step) {
    TensorLife& life = lives[index(node)];
    if (life.first_step < 0) life.first_step = step;
    life.last_step = step;
    // What the first group's pass leaves is read in the passes of the others, which run the same steps.
    if (groups() > 1) life = {.bytes = 0, .first_step = 0, .last_step = static_cast<int>(steps_.size())};
  };
  for (int i = 0; i < static_cast<int>(steps_.size()); ++i) {
    if (const auto* conv = std::get_if<ConvStep>(&steps_[index(i)])) {
      if (conv->op.kernel_height * conv->op.kernel_width > 1)
        keep(conv->op.src, live_rows(conv->op.kernel_height));
      touch(conv->op.src, i);
      if (conv->skip >= 0) touch(conv->skip, i);
      touch(conv->dst, i);
    } else if (const auto* activation = std::get_if<ActivationStep>(&steps_[index(i)])) {
      touch(activation->op.src, i);
      touch(activation->dst, i);
    } else if (const auto* add = std::get_if<AddStep>(&steps_[index(i)])) {
      touch(add->op.a, i);
      touch(add->op.b, i);
      touch(add->dst, i);
    }
  }
  touch(network_.logits, static_cast<int>(steps_.size()));

  for (std::size_t node = 0; node < stores_.size(); ++node) {
    Store& store = stores_[node];
    if (lives[node].first_step < 0 && node != 0) continue;  // inside a fused step
    const std::size_t floats = index(store.rows) * index(store.columns) * index(store.channels);
    if (store.columns > 1 || store.rows > 1 || node == 0) {
      store.offset = chain_floats_;
      chain_floats_ += floats;
    } else {
      lives[node].bytes = floats * sizeof(float);
    }
  }
  const ArenaPlan arena = plan_arena(lives);
  for (std::size_t node = 0; node < stores_.size(); ++node)
    if (lives[node].bytes > 0) stores_[node].offset = chain_floats_ + arena.offsets[node] / sizeof(float);
  chain_floats_ += arena.bytes / sizeof(float);
}

std::size_t PixelProgram::weight_bytes() const {
  std::size_t words = 0;
  for (const Step& step : steps_)
    if (const auto* conv = std::get_if<ConvStep>(&step))
      for (const PackedGroup& group : conv->groups) words += group.weights.size() + group.bias.size();
  return words * sizeof(float);
}

PixelCache::PixelCache(const PixelProgram& program, int chains)
    : chains_(chains),
      values_(program.chain_floats_ * index(chains)),
      taps_(program.max_taps_),
      scratch_(program.precision() == Precision::kBf16 ? 2 * program.max_tap_words_ * index(chains) : 0) {}

int PixelProgram::channels_of_group(int node) const {
  return stores_[index(node)].channels / groups();
}

// The vectors of all chains lie together: [row in ring][column][group][chain][channel of the group].
float* PixelProgram::at(PixelCache& cache, int node, const Place& place) const {
  const Store& store = stores_[index(node)];
  const std::size_t row = index(place.row % store.rows);
  const std::size_t pixel = store.columns == 1 ? row : row * index(store.columns) + index(place.column);
  return cache.values_.data() +
         (store.offset + pixel * index(store.channels) + index(place.group * channels_of_group(node))) *
             index(cache.chains_);
}

void PixelProgram::run(const ConvStep& step, PixelCache& cache, const Place& place) const {
  const MaskedConvOp& op = step.op;
  const PackedGroup& packed = step.groups[index(place.group)];
  const int depth = op.in_channels / groups();
  int taps = 0;
  std::size_t offset = 0;  // of the tap's weights in a panel
  for (int down = -(op.kernel_height / 2); down <= 0; ++down)
    for (int right = -(op.kernel_width / 2); right <= op.kernel_width / 2; ++right)
      for (int from = 0; from < groups(); ++from) {
        if (!is_live(op.mask, op.kernel_height, op.kernel_width, down + op.kernel_height / 2,
                     right + op.kernel_width / 2, place.group, from))
          continue;
        const Place read{place.row + down, place.column + right, from};
        const bool inside = read.row >= 0 && read.column >= 0 && read.column < network_.image_width;
        if (inside) cache.taps_[index(taps++)] = {at(cache, op.src, read), offset};
        offset += depth_words(precision(), depth) * index(kernel_.panel);
      }
  kernel_.run({.chains = cache.chains_,
               .depth = depth,
               .filters = channels_of_group(step.dst),
               .taps = cache.taps_.data(),
               .tap_count = taps,
               .weights = packed.weights.data(),
               .panel_words = packed.panel_words,
               .scratch = cache.scratch_.data(),
               .bias = packed.bias.data(),
               .activation = step.activation ? &*step.activation : nullptr,
               .skip = step.skip < 0 ? nullptr : at(cache, step.skip, place),
               .dst = at(cache, step.dst, place)});
}

void PixelProgram::run(const ActivationStep& step, PixelCache& cache, const Place& place) const {
  kernel_.activate(step.op, index(channels_of_group(step.dst)) * index(cache.chains_),
                   at(cache, step.op.src, place), at(cache, step.dst, place));
}

void PixelProgram::run(const AddStep& step, PixelCache& cache, const Place& place) const {
  kernel_.sum(index(channels_of_group(step.dst)) * index(cache.chains_), at(cache, step.op.a, place),
              at(cache, step.op.b, place), at(cache, step.dst, place));
}

std::span<const float> PixelProgram::logits(PixelCache& cache, int row, int column, int group) const {
  const Place place{row, column, group};
  run_steps(0, early_steps_, cache, place);
  return {at(cache, network_.logits, place),
          index(channels_of_group(network_.logits)) * index(cache.chains_)};
}

void PixelProgram::set_pixel(PixelCache& cache, int row, int column, int group,
                             std::span<const float> values) const {
  const Place place{row, column, group};
  std::ranges::copy(values, at(cache, 0, place));
  run_steps(early_steps_, steps_.size(), cache, place);
}

void PixelProgram::run_steps(std::size_t begin, std::size_t end, PixelCache& cache,
                             const Place& place) const {
  for (std::size_t i = begin; i < end; ++i)
    std::visit([&](const auto& step) { run(step, cache, place); }, steps_[i]);
}

}  // namespace pcnn

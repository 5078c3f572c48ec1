#include "engine/compile/causality.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/core/pool.h"
#include "engine/core/random.h"
#include "engine/model/sight.h"

namespace pcnn {
namespace {

constexpr int kImagesPerPass = 4;
constexpr std::uint32_t kGivenValue = 1;  // a counter of its own

std::int64_t count_places(const Network& network) {
  return std::int64_t{network.image_height} * network.image_width * network.groups;
}

ImagePlace place_of(const Network& network, std::int64_t index) {
  const auto pixel = static_cast<int>(index / network.groups);
  return {pixel / network.image_width, pixel % network.image_width, static_cast<int>(index % network.groups)};
}

void check_arguments(const Network& network, const ImageChange& change) {
  const std::size_t size = network.shape(0, 1).size();
  if (change.before.size() != size || change.after.size() != size)
    throw std::invalid_argument("the images are not of " + network.shape(0, 1).text());
  for (std::size_t i = 0; i < size; ++i)
    if (change.before[i] == change.after[i])
      throw std::invalid_argument("the change leaves value " + std::to_string(i) + " of the image as it was");
  for (const Node& node : network.nodes)
    if (node.channels % network.groups != 0 && !std::holds_alternative<GivenMapsOp>(node.op))
      throw std::invalid_argument(node.name + ": its maps make no " + std::to_string(network.groups) +
                                  " equal groups");
}

// What the change of one place did to the logits.
struct Movement {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();  // place
  std::int64_t later_logits = 0;
};

// One program that computes `images` images at a time, and its logits of the image as it is: of every
// position in the batch its own, so that only the change can tell two passes apart.
class Comparison {
 public:
  Comparison(const Network& network, std::span<const float> parameters, const ImageChange& change, int images,
             Purpose purpose, const CompileOptions& options)
      : network_(network),
        change_(change),
        program_(network_, images, purpose, options),
        packed_(program_.new_packed_weights()),
        given_(network_, to_index(images)) {
    program_.pack(parameters, packed_);
    for (std::size_t image = 0; image < given_.classes.size(); ++image)
      given_.classes[image] = static_cast<int>(image) % network_.condition.classes;
    const RandomStream stream(1, Stream::kInspection);
    for (std::size_t i = 0; i < given_.values.size(); ++i)
      given_.values[i] = stream.normal(static_cast<std::uint32_t>(i), kGivenValue);
    Pass pass(*this);
    program_.forward(pass.workspace_, pass.images_, pass.logits_, given_.view());
    before_ = pass.logits_;
  }

  [[nodiscard]] bool is_finite() const {
    return std::ranges::all_of(before_, [](float value) { return std::isfinite(value); });
  }

  // One task's batch.
  class Pass {
   public:
    explicit Pass(const Comparison& owner)
        : owner_(owner),
          workspace_(owner.program_, owner.packed_),
          logits_(owner.network_.shape(owner.network_.logits, owner.program_.images()).size()) {
      for (int image = 0; image < owner.program_.images(); ++image)
        images_.insert(images_.end(), owner.change_.before.begin(), owner.change_.before.end());
    }

    // Changes image i at place first + i, for `count` of them.
    void run(std::int64_t first, int count) {
      for (int image = 0; image < count; ++image) write(owner_.change_.after, image, first + image);
      owner_.program_.forward(workspace_, images_, logits_, owner_.given_.view());
      for (int image = 0; image < count; ++image) write(owner_.change_.before, image, first + image);
    }

    // What that did in one image.
    [[nodiscard]] Movement movement(int image, std::int64_t place) const {
      const Network& network = owner_.network_;
      const Shape maps = network.shape(network.logits, 1);
      const std::size_t area = to_index(maps.h) * to_index(maps.w);
      Movement movement;
      for (int map = 0; map < maps.c; ++map) {
        const int group = group_of(map, maps.c, network.groups);
        const std::size_t begin = (to_index(image) * to_index(maps.c) + to_index(map)) * area;
        for (std::size_t pixel = 0; pixel < area; ++pixel) {
          if (same_bits(logits_[begin + pixel], owner_.before_[begin + pixel])) continue;
          const std::int64_t moved = static_cast<std::int64_t>(pixel) * network.groups + group;
          movement.first = std::min(movement.first, moved);
          movement.later_logits += moved > place;
        }
      }
      return movement;
    }

   private:
    friend class Comparison;

    static bool same_bits(float a, float b) {
      return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    }

    void write(std::span<const float> from, int image, std::int64_t index) {
      const ImagePlace place = place_of(owner_.network_, index);
      const Shape shape = owner_.network_.shape(0, 1);
      const int of_group = shape.c / owner_.network_.groups;
      for (int channel = place.group * of_group; channel < (place.group + 1) * of_group; ++channel) {
        const std::size_t value = shape.offset(0, channel, place.row, place.column);
        images_[to_index(image) * shape.size() + value] = from[value];
      }
    }

    const Comparison& owner_;
    Workspace workspace_;
    std::vector<float> images_;
    std::vector<float> logits_;
  };

 private:
  Network network_;
  ImageChange change_;
  Program program_;
  PackedWeights packed_;
  GivenBatch given_;  // classes in turn, or random values
  std::vector<float> before_;
};

// Whether the pixel itself is dropped where an input is read so, as mask A does.
bool drops_pixel(const Reads& input) {
  return std::ranges::none_of(
      input.taps, [](const Tap& tap) { return seen_through(tap, Sight::kItself) >= Sight::kItself; });
}

// What a node's maps may depend on. Nodes before the mask may see their own place, and so may those whose
// every path to the logits has a mask A to come. A convolution on a path without any should have been the
// mask.
enum class Dependence { kAnything, kItsPlace, kEarlierPlaces };

std::vector<Dependence> allowed_dependence(const Network& network) {
  const std::size_t count = network.nodes.size();
  std::vector<bool> masked(count, false);                          // behind a mask A
  std::vector<bool> reaches(count, false), exposed(count, false);  // the logits; with no mask A to come
  for (std::size_t node = 1; node < count; ++node)
    for (const Reads& input : reads(network.nodes[node].op))
      if (drops_pixel(input) || masked[to_index(input.node)]) masked[node] = true;
  reaches[to_index(network.logits)] = exposed[to_index(network.logits)] = true;
  std::vector<Dependence> allowed(count, Dependence::kAnything);
  for (std::size_t node = count; node-- > 0;) {
    if (!reaches[node]) continue;
    const Op& op = network.nodes[node].op;
    const bool has_weights = !parameters(op, network.nodes[node].channels).empty();
    const bool strict = exposed[node] && (masked[node] || has_weights);
    allowed[node] = strict ? Dependence::kEarlierPlaces : Dependence::kItsPlace;
    for (const Reads& input : reads(op)) {
      reaches[to_index(input.node)] = true;
      if (exposed[node] && !drops_pixel(input)) exposed[to_index(input.node)] = true;
    }
  }
  return allowed;
}

// Compiles the network up to each of its nodes. Fused ops can leak where none of them does alone; then the
// logits are to blame.
int find_leaking_node(const Network& network, std::span<const float> parameters, const ImageChange& change,
                      Purpose purpose, const CompileOptions& options, std::int64_t place) {
  const std::vector<Dependence> allowed = allowed_dependence(network);
  for (int node = 1; node < network.logits; ++node) {
    if (allowed[to_index(node)] == Dependence::kAnything) continue;
    Network part = network;
    part.nodes.resize(to_index(node) + 1);
    part.logits = node;
    const Comparison comparison(part, parameters, change, 1, purpose, options);
    Comparison::Pass pass(comparison);
    pass.run(place, 1);
    const std::int64_t moved = pass.movement(0, place).first;
    if (moved < place || (moved == place && allowed[to_index(node)] == Dependence::kEarlierPlaces))
      return node;
  }
  return network.logits;
}

// The first place that leaks, and what it moves.
struct Found {
  std::int64_t changed = std::numeric_limits<std::int64_t>::max();
  std::int64_t moved = 0;
};

}  // namespace

int images_at_a_time(const Network& network) {
  return static_cast<int>(std::min<std::int64_t>(kImagesPerPass, count_places(network)));
}

CausalityCheck check_causality(const Network& network, std::span<const float> parameters,
                               const ImageChange& change, Purpose purpose, const CompileOptions& options,
                               const Workers& workers,
                               const std::function<void(std::int64_t done, std::int64_t all)>& on_progress) {
  check_arguments(network, change);
  const std::int64_t places = count_places(network);
  const int images = images_at_a_time(network);
  const Comparison comparison(network, parameters, change, images, purpose, options);
  if (!comparison.is_finite())
    throw ComputeError("the logits are not all finite numbers: what moves them cannot be told");

  Pool<Comparison::Pass> passes([&] { return Comparison::Pass(comparison); });
  std::atomic<std::int64_t> later_logits{0}, done{0};
  std::mutex mutex;  // of `found` and on_progress
  Found found;
  workers.parallel_for(static_cast<std::size_t>((places + images - 1) / images), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * images;
    const auto count = static_cast<int>(std::min<std::int64_t>(images, places - first));
    {
      const std::lock_guard lock(mutex);
      if (found.changed < first) return;
    }
    const Pool<Comparison::Pass>::Loan pass = passes.borrow();
    pass->run(first, count);
    for (int image = 0; image < count; ++image) {
      const Movement movement = pass->movement(image, first + image);
      later_logits += movement.later_logits;
      if (movement.first > first + image) continue;
      const std::lock_guard lock(mutex);
      if (first + image < found.changed) found = {first + image, movement.first};
    }
    done += count;
    if (!on_progress) return;
    if (const std::unique_lock lock(mutex, std::try_to_lock); lock.owns_lock()) on_progress(done, places);
  });

  CausalityCheck check{.places = places, .later_logits = later_logits, .leak = {}};
  if (found.changed >= places) return check;
  const int node = find_leaking_node(network, parameters, change, purpose, options, found.changed);
  check.leak = {place_of(network, found.changed), place_of(network, found.moved), node};
  return check;
}

}  // namespace pcnn

#pragma once

// Causality verified on what is really computed, the compiled program: the image is changed at one place
// after the other, and the logits there and at every place before it must stay the same to the last bit.
//
//     = = = = =      c  the changed place     =  logits must not move, those at c included
//     = = c > >      >  logits may move
//     > > > > >
//
// It holds for one image and one set of parameters, at every place of the image and its borders: a leak
// that these hide by chance (behind a ReLU that is off) goes unseen, so use parameters that let signals
// through, see random_parameters. Images of a network that has a condition are of its classes in turn,
// or of random vectors or maps.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "engine/compile/batch/program.h"
#include "engine/core/parallel.h"

namespace pcnn {

// What is predicted at one time: a channel group of a pixel. Places are ordered as they are drawn, pixels in
// raster order and the groups of a pixel one after the other.
struct ImagePlace {
  int row = 0;
  int column = 0;
  int group = 0;
  friend bool operator==(const ImagePlace&, const ImagePlace&) = default;
};

struct CausalityLeak {
  ImagePlace changed;  // of the image
  ImagePlace moved;    // the first place whose logits did, not after `changed`
  // The first node, in order of computation, whose own maps move where they must not: before the changed
  // place, or at it where no mask A is to come on a path to the logits, though the node is behind one, or a
  // convolution that should have been one.
  int node = 0;
};

struct CausalityCheck {
  std::int64_t places = 0;        // each was changed once, where nothing leaks
  std::int64_t later_logits = 0;  // values that moved after the changed places, over all changes; where there
                                  // are none, nothing was shown
  std::optional<CausalityLeak> leak;  // of the first place that shows one
};

// The image before and after, CHW as fed to the network; every value differs.
struct ImageChange {
  std::span<const float> before;
  std::span<const float> after;
};

// Images that a worker computes at a time.
[[nodiscard]] int images_at_a_time(const Network& network);

// Compiles the network and changes every place of the image. parameters: the flat f32 masters. on_progress:
// called now and then, from one thread at a time, with the number of places done and of all. The result does
// not depend on threads, but for later_logits where there is a leak. Throws ComputeError where the network
// cannot be compiled, or where the logits of the image are not finite; std::invalid_argument where the change
// leaves a value, or maps cannot be shared out to the network's groups.
[[nodiscard]] CausalityCheck check_causality(
    const Network& network, std::span<const float> parameters, const ImageChange& change, Purpose purpose,
    const CompileOptions& options, const Workers& workers,
    const std::function<void(std::int64_t done, std::int64_t all)>& on_progress = {});

}  // namespace pcnn

// Autoregression, on what is really computed. A place is changed (a channel group of a pixel, see
// places_read): logits at it and before it must not change in a single bit, and logits at every later place
// that can read it must. The rule of who can read whom is the test's own, borders included, where padding
// cuts some paths.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tests/support/compiled.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

// The logits at `position` do what they should not when the image changes at `place`.
struct Fault {
  enum class Kind { kLeak, kBlindness } kind;
  std::size_t place = 0;
  std::size_t position = 0;
};

struct Search {
  std::optional<Fault> fault;  // the first
  int shown = 0;               // changes of logits that were allowed and seen
  int unseen = 0;              // allowed, but too small for f32
};

// f32 cannot show a change below its resolution at the size of the sums on the way: some 2^-24 of numbers up
// to ten. Only where the exact logits change by less than this may a change go unseen.
constexpr double kResolution = 2e-6;

// The program gets `parameters`; what it should compute is computed from `exact_parameters`, the same but where a
// broken program is played. The logits of a place have changed when any of them has.
Search search(const Network& network, std::span<const float> parameters,
              std::span<const float> exact_parameters, testing::Random& random) {
  testing::Compiled compiled(network, 1, parameters);
  const std::vector<float> pixels = testing::random_images(random, network, 1);
  const std::vector<float> logits = compiled.forward(pixels);
  const std::vector<double> exact = testing::widened(exact_parameters);
  const auto exact_logits = [&](std::span<const float> image) {
    return testing::reference_forward(network, 1, exact, testing::widened(image))
        .nodes[static_cast<std::size_t>(network.logits)];
  };
  const std::vector<double> exact_before = exact_logits(pixels);
  const std::vector<std::vector<bool>> allowed = testing::places_read(network);
  const int maps = network.shape(network.logits, 1).c;

  Search result;
  for (std::size_t place = 0; place < allowed.size(); ++place) {
    std::vector<float> changed = pixels;
    for (const std::size_t at : testing::values_at(network, network.image_channels, place))
      changed[at] += random.uniform(0.5f, 3.0f);
    const std::vector<float> after = compiled.forward(changed);
    const std::vector<double> exact_after = exact_logits(changed);
    for (std::size_t position = 0; position < allowed.size(); ++position) {
      bool same = true;
      double exact_change = 0.0;
      for (const std::size_t at : testing::values_at(network, maps, position)) {
        same = same && logits[at] == after[at];
        exact_change = std::max(exact_change, std::abs(exact_after[at] - exact_before[at]));
      }
      const bool may_change = position > place && allowed[position][place];
      result.shown += may_change && !same;
      result.unseen += may_change && same;
      if (result.fault) continue;
      if (!same && !may_change) result.fault = Fault{Fault::Kind::kLeak, place, position};
      if (same && may_change && exact_change > kResolution)
        result.fault = Fault{Fault::Kind::kBlindness, place, position};
    }
  }
  return result;
}

constexpr testing::NetworkLimits kLimits{.kernel = 7, .side = 9, .channels = 6, .stages = 3, .embeddings = false};

TEST(Causality, HoldsAtEveryPlaceOfRandomNetworks) {
  int shown = 0, unseen = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    testing::Random random(seed);
    const Network network = testing::random_network(random, Activation::kTanh, kLimits);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + testing::describe(network));
    const std::vector<float> parameters = testing::random_parameters(random, network);
    const Search found = search(network, parameters, parameters, random);
    const std::optional<Fault>& fault = found.fault;
    shown += found.shown;
    unseen += found.unseen;
    EXPECT_FALSE(fault) << (fault->kind == Fault::Kind::kLeak ? "leak" : "blindness") << ": place "
                        << fault->place << ", logits at " << fault->position;
  }
  EXPECT_GT(shown, 10000);
  EXPECT_LT(unseen, shown / 100) << "the networks hide too much";
}

// The same by gradients of the reference: zero at the position's own and later pixels, not zero at any it may
// read. With tanh and continuous weights no gradient is zero by chance.
TEST(Causality, HoldsForEveryGradientOfTheReference) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    testing::Random random(2000 + seed);
    const Network network = testing::random_network(random, Activation::kTanh, kLimits);
    SCOPED_TRACE(testing::describe(network));
    const std::vector<double> parameters = testing::widened(testing::random_parameters(random, network));
    const std::vector<double> pixels = testing::widened(testing::random_images(random, network, 1));
    const testing::ReferenceForward forward = testing::reference_forward(network, 1, parameters, pixels);
    const std::vector<std::vector<bool>> allowed = testing::places_read(network);
    for (std::size_t position = 0; position < allowed.size(); ++position) {
      std::vector<double> diff_logits(pixels.size(), 0.0);
      diff_logits[testing::values_at(network, network.image_channels, position)[0]] = 1.0;
      const std::vector<double> gradient =
          testing::reference_backward(network, 1, parameters, forward, diff_logits).pixels;
      for (std::size_t place = 0; place < allowed.size(); ++place)
        for (const std::size_t i : testing::values_at(network, network.image_channels, place)) {
          ASSERT_EQ(gradient[i] != 0.0, allowed[position][place]) << position << " reads " << place;
          ASSERT_TRUE(place < position || gradient[i] == 0.0) << position << " reads " << place;
        }
    }
  }
}

// The rest shows that the search above can find what it looks for.

TEST(Causality, SearchFindsTheLeakOfAnInputLayerWithMaskB) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    testing::Random random(3000 + seed);
    testing::NetworkLimits leaky = kLimits;
    leaky.input_mask = MaskType::kB;
    const Network network = testing::random_network(random, Activation::kTanh, leaky);
    SCOPED_TRACE(testing::describe(network));
    const std::vector<float> parameters = testing::random_parameters(random, network);
    const std::optional<Fault> fault = search(network, parameters, parameters, random).fault;
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->kind, Fault::Kind::kLeak);
    EXPECT_EQ(fault->position, fault->place) << "mask B shows a place to itself, not later ones";
  }
}

TEST(Causality, SearchFindsASkipAroundTheMask) {
  NetworkBuilder builder(2, 4, 5, Activation::kTanh, 0.0f);
  const int features = builder.activate(builder.masked_conv("input", 0, MaskType::kA, {3, 3}, 2));
  const int skip = builder.add("skip", features, 0);
  const Network network =
      std::move(builder).finish(builder.masked_conv("logits", skip, MaskType::kB, {1, 1}, 2));
  testing::Random random(400);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  const std::optional<Fault> fault = search(network, parameters, parameters, random).fault;
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, Fault::Kind::kLeak);
}

TEST(Causality, SearchFindsATapThatIsMissing) {
  NetworkBuilder builder(1, 5, 6, Activation::kTanh, 0.0f);
  const int features = builder.activate(builder.masked_conv("input", 0, MaskType::kA, {3, 3}, 4));
  const Network network =
      std::move(builder).finish(builder.masked_conv("logits", features, MaskType::kB, {1, 1}, 1));
  testing::Random random(500);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  std::vector<float> broken = parameters;
  for (std::size_t filter = 0; filter < 4; ++filter) broken[filter * 9 + 2] = 0.0f;  // above, to the right
  const std::optional<Fault> fault = search(network, broken, parameters, random).fault;
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, Fault::Kind::kBlindness);
  EXPECT_EQ(fault->place, 1u) << "the first pixel that is above and right of another";
  EXPECT_EQ(fault->position, 6u);
}

}  // namespace
}  // namespace pcnn

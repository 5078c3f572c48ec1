#pragma once

// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
// SC 2011). A number is a pure function of (seed, stream, four counters), so it never depends on threads,
// order of evaluation or batch size.

#include <array>
#include <cstdint>

namespace pcnn {

using PhiloxBlock = std::array<std::uint32_t, 4>;

// The ten-round Philox4x32 bijection. Test vectors: the paper's reference implementation (kat_vectors).
[[nodiscard]] PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key);

// What a number is drawn for. Part of the key, so two purposes never share a number.
enum class Stream : std::uint32_t {
  kInitialisation = 1,   // (parameter index, element)
  kShuffle = 2,          // (epoch, position)
  kBinarisation = 3,     // (image id, element), epoch
  kSplit = 4,            // position
  kSample = 5,           // (chain, pixel, channel)
  kColour = 6,           // (image id, attempt)
  kProbeParameters = 7,  // (parameter index, element)
  kInspection = 8,       // (element, 0: of an image; 1: of what is given of images)
  kSweep = 9,            // (trial, parameter, attempt)
  kDropout = 10,         // step, as two words: the key of its masks, and of its input noise
};

// Numbers of one (seed, stream). Copying is free; every method is const and thread-safe.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Stream stream);

  // Four independent 32-bit numbers at this counter.
  [[nodiscard]] PhiloxBlock bits(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0,
                                 std::uint32_t d = 0) const;
  // Uniform in [0, 1): 24 bits, so 1 is never rounded to.
  [[nodiscard]] float uniform(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0,
                              std::uint32_t d = 0) const;
  // Standard normal (Box-Muller on one block).
  [[nodiscard]] float normal(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0,
                             std::uint32_t d = 0) const;
  // Unbiased integer in [0, bound): 64-bit multiply-shift, bias below 2^-32 for bounds under 2^32.
  [[nodiscard]] std::uint32_t below(std::uint32_t bound, std::uint32_t a, std::uint32_t b = 0) const;

 private:
  std::array<std::uint32_t, 2> key_;
};

}  // namespace pcnn

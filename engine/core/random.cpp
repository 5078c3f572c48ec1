#include "engine/core/random.h"

#include <cmath>
#include <numbers>

namespace pcnn {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;

// SplitMix64's finaliser: spreads nearby (seed, stream) pairs over the key space.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

float unit_interval(std::uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1.0p-24f;
}

}  // namespace

PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, Stream stream) {
  const std::uint64_t key = mix(mix(seed) ^ static_cast<std::uint64_t>(stream));
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

PhiloxBlock RandomStream::bits(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) const {
  return philox4x32({a, b, c, d}, key_);
}

float RandomStream::uniform(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) const {
  return unit_interval(bits(a, b, c, d)[0]);
}

float RandomStream::normal(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) const {
  const PhiloxBlock block = bits(a, b, c, d);
  const float radius = std::sqrt(-2.0f * std::log(1.0f - unit_interval(block[0])));
  return radius * std::cos(2.0f * std::numbers::pi_v<float> * unit_interval(block[1]));
}

std::uint32_t RandomStream::below(std::uint32_t bound, std::uint32_t a, std::uint32_t b) const {
  const PhiloxBlock block = bits(a, b);
  // (64-bit number * bound) >> 64, in two 32-bit halves.
  const std::uint64_t low = (std::uint64_t{block[0]} * bound) >> 32;
  return static_cast<std::uint32_t>((std::uint64_t{block[1]} * bound + low) >> 32);
}

}  // namespace pcnn

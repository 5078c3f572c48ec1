#include "bench/peak.h"

#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "engine/core/amx.h"

namespace pcnn {
namespace {

constexpr int kAccumulators = 12;  // more than latency times units, fewer than registers
constexpr int kRounds = 1 << 20;

// Each adds kRounds * kAccumulators vectors of products and returns the FLOPs that were.
using Loop = double (*)();

__attribute__((target("avx512f"))) double avx512() {
  __m512 sums[kAccumulators];
  for (__m512& sum : sums) sum = _mm512_set1_ps(1.0f);
  __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (int i = 0; i < kRounds; ++i) {
    asm volatile("" : "+v"(a));  // a stays unknown to the compiler, in a register
#pragma GCC unroll 12
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, a, b);
  }
  for (__m512& sum : sums) benchmark::DoNotOptimize(sum);
  return 2.0 * 16 * kAccumulators * kRounds;
}

__attribute__((target("avx2,fma"))) double avx2() {
  __m256 sums[kAccumulators];
  for (__m256& sum : sums) sum = _mm256_set1_ps(1.0f);
  __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (int i = 0; i < kRounds; ++i) {
    asm volatile("" : "+v"(a));  // a stays unknown to the compiler, in a register
#pragma GCC unroll 12
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, a, b);
  }
  for (__m256& sum : sums) benchmark::DoNotOptimize(sum);
  return 2.0 * 8 * kAccumulators * kRounds;
}

// A multiplication and an addition each: SSE2 has no fused one.
double sse2() {
  __m128 sums[kAccumulators];
  for (__m128& sum : sums) sum = _mm_set1_ps(1.0f);
  __m128 a = _mm_set1_ps(0.5f), b = _mm_set1_ps(0.25f);
  for (int i = 0; i < kRounds; ++i) {
    asm volatile("" : "+v"(a));  // a stays unknown to the compiler, in a register
#pragma GCC unroll 12
    for (__m128& sum : sums) sum = _mm_add_ps(_mm_mul_ps(sum, a), b);
  }
  for (__m128& sum : sums) benchmark::DoNotOptimize(sum);
  return 2.0 * 4 * kAccumulators * kRounds;
}

__attribute__((target("avx512f,avx512bf16"))) double avx512_bf16() {
  __m512 sums[kAccumulators];
  for (__m512& sum : sums) sum = _mm512_set1_ps(1.0f);
  __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (int i = 0; i < kRounds; ++i) {
    asm volatile("" : "+v"(a));  // a stays unknown to the compiler, in a register
#pragma GCC unroll 12
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
  }
  for (__m512& sum : sums) benchmark::DoNotOptimize(sum);
  return 2.0 * 32 * kAccumulators * kRounds;
}

// Four sums, in tiles, as many as there are registers left for beside two rows and two weights.
double amx_bf16() {
  constexpr int kTileRounds = kRounds / 8;  // as long as the others take
  alignas(64) static const std::uint16_t zeros[32 * 16] = {};
  AmxTiles tiles;
  tiles.zero<0>(), tiles.zero<1>(), tiles.zero<2>(), tiles.zero<3>();
  tiles.load<4>(zeros, 64), tiles.load<5>(zeros, 64), tiles.load<6>(zeros, 64), tiles.load<7>(zeros, 64);
  for (int i = 0; i < kTileRounds; ++i) {
    tiles.multiply<0, 4, 6>();
    tiles.multiply<1, 4, 7>();
    tiles.multiply<2, 5, 6>();
    tiles.multiply<3, 5, 7>();
  }
  return 2.0 * 16 * 16 * 32 * 4 * kTileRounds;
}

Loop widest() {
  if (__builtin_cpu_supports("avx512f")) return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
  return sse2;
}

// Null where the processor multiplies no bf16.
Loop widest_bf16() {
  if (has_amx()) return amx_bf16;
  return __builtin_cpu_supports("avx512bf16") ? avx512_bf16 : nullptr;
}

// On threads of its own, since a pool may give two tasks to one thread; started together, each timed by
// itself.
double measure(int threads, Loop loop) {
  constexpr int kLoops = 12;
  double best = 0.0;
  for (int attempt = 0; attempt < 5; ++attempt) {
    std::atomic<double> rate = 0.0;
    std::barrier start(threads);
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i)
      running.emplace_back([&] {
        start.arrive_and_wait();
        const auto begin = std::chrono::steady_clock::now();
        double flops = 0.0;
        for (int turn = 0; turn < kLoops; ++turn) flops += loop();
        const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
        rate += flops / time.count();
      });
    running.clear();  // joins
    best = std::max(best, rate.load());
  }
  return best;
}

}  // namespace

double fma_peak(const Workers& workers, Precision precision) {
  static std::map<std::pair<int, Precision>, double> peaks;
  const auto [place, is_new] = peaks.try_emplace({workers.threads(), precision}, 0.0);
  if (!is_new) return place->second;
  if (precision == Precision::kF32)
    place->second = measure(workers.threads(), widest());
  else if (const Loop loop = widest_bf16())
    place->second = measure(workers.threads(), loop);
  return place->second;
}

}  // namespace pcnn

#pragma once

// Sampling at the price of scoring: every pixel computes one new feature vector per op (see
// compile/pixel/pixel_program.h) for a batch of chains at once, so that a weight, once loaded, serves them
// all. Batches run in parallel.

#include <cstddef>
#include <span>

#include "engine/compile/pixel/pixel_program.h"
#include "engine/core/parallel.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/sample/sampling.h"
#include "engine/sample/speculation.h"

namespace pcnn {

// Chains to a batch: as few batches as keep all threads equally busy, none so large that the rows they keep
// outgrow a thread's share of the last-level cache. None is larger than 64, and 16 may always be.
[[nodiscard]] int choose_chain_batch(std::size_t bytes_per_chain, std::size_t cache_bytes, int chains,
                                     int threads);
// With the program's bytes and this machine's cache; 4 where what attentions keep of 16 outgrows a quarter of
// that share, since it is read at every pixel.
[[nodiscard]] int choose_chain_batch(const PixelProgram& program, int chains, int threads);
// The size in effect where `asked` chains were asked for, 0 for choose_chain_batch(): 1 to `chains`.
[[nodiscard]] int effective_chain_batch(int asked, const PixelProgram& program, int chains, int threads);

// How chains are drawn: how many together, and how many pixels are guessed at once.
struct ChainPlan {
  int chain_batch = 1;
  SpanPolicy span;
};
// chain_batch: as asked for, 0 where it is to be chosen; speculate: see speculation.h. Batches are of one
// chain where pixels are guessed, unless others are asked for: all chains of a batch wait for the one whose
// guess was wrong. Pixels of many chains are guessed too where attentions keep more than the cache holds of a
// batch: those of a span then share what is read.
[[nodiscard]] ChainPlan plan_chains(const PixelProgram& program, const OutputHead& head, int chains,
                                    int threads, int chain_batch, int speculate);

// Images of the network's size, the same bits for any size of batches of chains, number of threads and
// speculation. chain_batch, speculate: see plan_chains(). precision: see pixel_gemm.h; f32 where the
// processor does not multiply bf16.
[[nodiscard]] Samples sample_incrementally(const Network& network, const OutputHead& head,
                                           std::span<const float> parameters, const SampleRequest& request,
                                           const Workers& workers, int chain_batch = 0,
                                           Precision precision = Precision::kF32,
                                           int speculate = kSpeculateAuto);

}  // namespace pcnn

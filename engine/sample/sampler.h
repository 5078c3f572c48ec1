#pragma once

#include <span>

#include "engine/core/parallel.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/ranks/message.h"
#include "engine/ranks/team.h"
#include "engine/sample/sampling.h"
#include "engine/sample/speculation.h"

namespace pcnn {

enum class SamplerKind {
  kIncremental,  // one feature vector per op and pixel
  kNaive,        // one forward pass per pixel; for checking
};

struct SamplerConfig {
  SamplerKind kind = SamplerKind::kIncremental;
  int chain_batch = 0;  // incremental: chains that share each weight loaded; 0: choose_chain_batch()
  Precision precision = Precision::kF32;
  int speculate = kSpeculateAuto;  // incremental: pixels guessed at once, see speculation.h
  friend bool operator==(const SamplerConfig&, const SamplerConfig&) = default;
};

// Draws images of the network's size with the sampler asked for. Both draw the same images, but for draws
// within rounding of their threshold; in bf16, where they round at different places, these are more.
// With a team, on rank 0: every rank draws some of the chains.
[[nodiscard]] Samples draw_samples(const SamplerConfig& sampler, const Network& network,
                                   const OutputHead& head, std::span<const float> parameters,
                                   const SampleRequest& request, const Workers& workers, Team team = {});

// On the other ranks, where Job::kDraw has been read of the message: draws the part that rank 0 handed out,
// and posts it.
void follow_drawing(const Network& network, const OutputHead& head, const Workers& workers, Team team,
                    MessageReader& message);

}  // namespace pcnn

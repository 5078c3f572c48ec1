#include "engine/sample/sampler.h"

#include "engine/sample/incremental_sampler.h"
#include "engine/sample/naive_sampler.h"

namespace pcnn {

Samples draw_samples(const SamplerConfig& sampler, const Network& network, const OutputHead& head,
                     std::span<const float> parameters, const SampleRequest& request,
                     const Workers& workers) {
  if (sampler.kind == SamplerKind::kNaive)
    return sample_naively(network, head, parameters, request, workers, sampler.precision);
  return sample_incrementally(network, head, parameters, request, workers, sampler.chain_batch,
                              sampler.precision, sampler.speculate);
}

}  // namespace pcnn

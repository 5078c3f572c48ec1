#include "engine/model/logit_parts.h"

#include <variant>

namespace pcnn {

LogitParts logit_parts(const Network& network) {
  if (const auto* both = std::get_if<ConcatenationOp>(&network.node(network.logits).op))
    return {.own = both->a, .forecast = both->b};
  return {.own = network.logits};
}

}  // namespace pcnn

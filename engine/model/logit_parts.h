#pragma once

#include "engine/model/network.h"

namespace pcnn {

// The nodes whose maps the logits of a network are.
struct LogitParts {
  int own = 0;
  int forecast = -1;  // the maps behind those; -1: there are none
};
[[nodiscard]] LogitParts logit_parts(const Network& network);

}  // namespace pcnn

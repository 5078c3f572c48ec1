#pragma once

#include "engine/sweep/sweep_plan.h"

namespace pcnn {

// Runs the sweep that a config and the command line describe, in <output>/<name>, or goes on with it where it
// has begun. Throws pcnn::Error.
void sweep(const SweepOptions& options);

}  // namespace pcnn

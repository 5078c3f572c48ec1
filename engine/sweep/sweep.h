#pragma once

#include "engine/sweep/sweep_plan.h"

namespace pcnn {

// Runs the sweep that a config and the command line describe, in <output>/<name>, or goes on with it where it
// has begun. Every trial's config is checked before the first is trained. Throws pcnn::Error; where some
// trials failed and others did not, SomeTrialsFailed, once all is done.
void sweep(const SweepOptions& options);

}  // namespace pcnn

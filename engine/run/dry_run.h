#pragma once

#include "engine/run/console.h"
#include "engine/run/run_parts.h"

namespace pcnn {

// What `pcnn-run --dry-run` prints of a run: its network, the memory it needs, its data, where it would
// begin, or go on from. Throws what the run would throw at its start, for want of memory too, and what
// TrainingRun::resume() would where it resumes. Writes nothing.
void describe_run(const RunParts& run, bool resumes, double loading_seconds, const Workers& workers,
                  Console& console);

}  // namespace pcnn

#pragma once

// The one place that knows MPI. The library has no part in it: programs are started by a launcher, whoever
// uses the library is not.

#include <memory>
#include <string>

#include "engine/ranks/ranks.h"
#include "engine/ranks/slow_ranks.h"

namespace pcnn {

// The ranks of this launch. Null where there is one process alone: no launcher of MPI started it, or pcnn was
// built without MPI. Once in a process, before it starts threads; processes it starts are alone. When it is
// destroyed all ranks have to be at that point, or end before. Ranks of one machine share its cores from then
// on (set_core_share). note: for lines on rank 0 about ranks that do not answer. Throws Error.
[[nodiscard]] std::unique_ptr<Ranks> join_ranks(SlowRanks::Note note);

// The MPI in use, "Open MPI v4.1.4"; empty where pcnn was built without.
[[nodiscard]] std::string mpi_library();

}  // namespace pcnn

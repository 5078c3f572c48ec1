#include "engine/train/workspace_memory.h"

#include <fmt/format.h>

#include "engine/core/counted.h"
#include "engine/core/memory.h"

namespace pcnn {

void require_memory_for_workspaces(const Program& program, const Network& network, int threads,
                                   const std::string& doing) {
  require_memory(static_cast<double>(program.workspace_bytes()) * threads,
                 fmt::format("{} {} of {}x{} on each of {} takes", doing, counted(program.images(), "image"),
                             network.image_height, network.image_width, counted(threads, "thread")),
                 "fewer threads or smaller images take less");
}

}  // namespace pcnn

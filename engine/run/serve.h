#pragma once

// Several processes at one program: rank 0 runs it, the others serve it.

#include <string>
#include <string_view>

#include "engine/compile/backend.h"
#include "engine/model/network.h"
#include "engine/ranks/ranks.h"
#include "engine/ranks/team.h"

namespace pcnn {

// On rank 0: gives the others a model, by the config that it is of, and its images' size. Parameters are sent
// with what is asked. threads: of each rank; 0: as many as each may use. ranks: null where this process is
// alone, and so is the team then.
[[nodiscard]] Team send_model(Ranks* ranks, std::string_view resolved_yaml, const Network& network,
                              int shard_images, Precision precision, int threads);

// On the other ranks: does what rank 0 asks until it says that this is the end. Where something goes wrong one line on standard
// error says so, after `program` and the name of the rank, and all ranks are ended.
void serve(Ranks& ranks, const std::string& program);

// On rank 0, once its own work is done, with its exit code: lets the others end.
void end_service(Ranks& ranks, int exit_code);

}  // namespace pcnn

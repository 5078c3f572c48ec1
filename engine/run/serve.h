#pragma once

// Several processes at one program: rank 0 runs it, the others serve it.

#include <functional>
#include <string>
#include <string_view>

#include "engine/compile/backend.h"
#include "engine/model/network.h"
#include "engine/ranks/message.h"
#include "engine/ranks/ranks.h"
#include "engine/ranks/team.h"

namespace pcnn {

// On rank 0, before all else: waits until each of the others has said that it is there, and computes with the
// same instructions, libraries and version of pcnn. One that does not says so, and ends all.
void begin_service(Ranks& ranks);

// On rank 0: gives the others a model, by the config that it is of, and its images' size. Parameters are sent
// with what is asked. threads: of each rank; where it is as many as this one may use, each of the others uses
// as many as it may. ranks: null where this process is alone, and so is the team then.
[[nodiscard]] Team send_model(Ranks* ranks, std::string_view resolved_yaml, const Network& network,
                              int shard_images, Precision precision, int threads);

// On the other ranks: does what rank 0 asks until it says that this is the end. Where something goes wrong
// one line on standard error says so, after `program` and the name of the rank, and all ranks are ended.
// serve_trials: takes over at Job::kTrials, until the end.
void serve(Ranks& ranks, const std::string& program,
           const std::function<void(MessageReader&)>& serve_trials = {});

// On rank 0, once its own work is done, with its exit code: lets the others end.
void end_service(Ranks& ranks, int exit_code);

}  // namespace pcnn

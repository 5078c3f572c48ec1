#pragma once

#include <cstdint>
#include <string>

#include "engine/model/network.h"
#include "engine/train/train_config.h"

#include "engine/compile/batch/program.h"

namespace pcnn {

// Images per shard where the config names none: a function of network and batch alone, since the size is part
// of the arithmetic, and results depend neither on threads nor on the machine.
//
// At most 4, however small the network: larger shards train no faster, mostly some per cent slower (the
// ShardSize benchmarks), and a batch of 64 in shards of 16 keeps no more than four cores busy. Fewer where
// the feature maps are large, so that the memory of a worker stays within a budget; shards of one image are
// as fast there. And a divisor of the batch, so that no shard of a whole batch is filled up with images that
// do not count.
[[nodiscard]] int chosen_shard_images(const Network& network, std::int64_t batch);

// The config's, or the chosen one.
[[nodiscard]] int shard_images(const TrainConfig& config, const Network& network);

// Throws ConfigError where this machine has no memory for so many workspaces of the program, which holds
// images of this size: "DOING 4 images of 28x28 on each of 2 threads takes 3.2 GB ...". Before one is made.
void require_memory_for_workspaces(const Program& program, const Network& network, int threads,
                                   const std::string& doing);

}  // namespace pcnn

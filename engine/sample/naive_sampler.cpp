#include "engine/sample/naive_sampler.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/compile/batch/program.h"
#include "engine/core/digits.h"
#include "engine/core/index.h"
#include "engine/core/memory.h"

namespace pcnn {

Samples sample_naively(const Network& network, const OutputHead& head, std::span<const float> parameters,
                       const SampleRequest& request, const Workers& workers, Precision precision) {
  PixelDraws draws(network, head, request);
  const Program program(network, 1, Purpose::kInference, {.precision = precision});
  PackedWeights packed = program.new_packed_weights();
  program.pack(parameters, packed);

  const Shape image = network.shape(0, 1), maps = network.shape(network.logits, 1);
  const int per_group = maps.c / network.groups;
  require_memory(static_cast<double>(program.workspace_bytes()) * std::min(request.chains, workers.threads()),
                 fmt::format("drawing images of {}x{} on each of {} takes", image.h, image.w,
                             counted(workers.threads(), "thread")),
                 "fewer threads or smaller images take less");
  workers.parallel_for(static_cast<std::size_t>(request.chains), [&](std::size_t task) {
    const int chain = static_cast<int>(task);
    Workspace workspace(program, packed);
    const Given given = request.given.part(to_index(request.chains), task, 1);
    std::vector<float> logits(maps.size()), pixel_logits(static_cast<std::size_t>(per_group)),
        values(static_cast<std::size_t>(image.c / network.groups));
    for (int row = 0; row < image.h; ++row)
      for (int column = 0; column < image.w; ++column) {
        for (int group = 0; group < network.groups; ++group) {
          program.forward(workspace, draws.image(chain), logits, given);
          for (int k = 0; k < per_group; ++k)
            pixel_logits[static_cast<std::size_t>(k)] =
                logits[maps.offset(0, group * per_group + k, row, column)];
          draws.draw(chain, row, column, group, pixel_logits, values);
        }
        draws.count_pixels(1);
      }
  });
  return std::move(draws).take(1, precision);
}

}  // namespace pcnn

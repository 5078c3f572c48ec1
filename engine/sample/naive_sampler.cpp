#include "engine/sample/naive_sampler.h"

#include "engine/compile/program.h"

namespace pcnn {

Samples sample_naively(const Network& network, const OutputHead& head, std::span<const float> parameters,
                       const SampleRequest& request, const Workers& workers) {
  PixelDraws draws(network, head, request);
  const Program program(network, 1, Purpose::kScoring);
  PackedWeights packed = program.new_packed_weights();
  workers.run([&] { program.pack(parameters, packed); });

  const Shape image = network.shape(0, 1), maps = network.shape(network.logits, 1);
  const int per_channel = maps.c / image.c;
  workers.parallel_for(static_cast<std::size_t>(request.chains), [&](std::size_t task) {
    const int chain = static_cast<int>(task);
    Workspace workspace(program, packed);
    std::vector<float> logits(maps.size()), pixel_logits(static_cast<std::size_t>(per_channel));
    for (int row = 0; row < image.h; ++row)
      for (int column = 0; column < image.w; ++column) {
        for (int channel = 0; channel < image.c; ++channel) {
          program.forward(workspace, draws.image(chain), logits);
          for (int k = 0; k < per_channel; ++k)
            pixel_logits[static_cast<std::size_t>(k)] =
                logits[maps.offset(0, channel * per_channel + k, row, column)];
          draws.draw(chain, row, column, channel, pixel_logits);
        }
        draws.count_pixels(1);
      }
  });
  return std::move(draws).take(1);
}

}  // namespace pcnn

#include "engine/sample/sampler.h"

#include <algorithm>

#include "engine/core/index.h"
#include "engine/ranks/few_values.h"
#include "engine/ranks/given_message.h"
#include "engine/sample/incremental_sampler.h"
#include "engine/sample/naive_sampler.h"

namespace pcnn {
namespace {

Samples draw_here(const SamplerConfig& sampler, const Network& network, const OutputHead& head,
                  std::span<const float> parameters, const SampleRequest& request, const Workers& workers) {
  if (sampler.kind == SamplerKind::kNaive)
    return sample_naively(network, head, parameters, request, workers, sampler.precision);
  return sample_incrementally(network, head, parameters, request, workers, sampler.chain_batch,
                              sampler.precision, sampler.speculate);
}

// What a rank draws of a request. Borrows from it; the first rank says how far it is, for all.
SampleRequest part_of(const SampleRequest& request, Range chains, std::size_t pixels, std::size_t channels) {
  const auto count = to_index(request.chains);
  SampleRequest part = request;
  part.first_chain = request.first_chain + static_cast<int>(chains.begin);
  part.chains = static_cast<int>(chains.size());
  part.given = request.given.part(count, chains.begin, chains.size());
  if (!request.canvas.empty())
    part.canvas = request.canvas.subspan(chains.begin * pixels * channels, chains.size() * pixels * channels);
  if (!request.known.empty())
    part.known = request.known.subspan(chains.begin * pixels, chains.size() * pixels);
  if (request.on_progress)
    part.on_progress = [&request, count, own = chains.size()](std::int64_t done) {
      request.on_progress(done * static_cast<std::int64_t>(count) / static_cast<std::int64_t>(own));
    };
  return part;
}

void put_request(MessageWriter& message, const SampleRequest& request, const Workers& workers) {
  message.put(request.chains);
  message.put(request.first_chain);
  message.put(request.seed);
  message.put(request.temperature);
  message.put(request.with_probabilities);
  put_given(message, request.given);
  put_few_values(message, request.canvas, workers);
  message.put_all(request.known);
}

}  // namespace

Samples draw_samples(const SamplerConfig& sampler, const Network& network, const OutputHead& head,
                     std::span<const float> parameters, const SampleRequest& request, const Workers& workers,
                     Team team) {
  if (!team.ranks) return draw_here(sampler, network, head, parameters, request, workers);
  const UnfinishedWhereThrown guard(team.ranks);
  const std::size_t channels = to_index(network.image_channels);
  const std::size_t pixels = network.shape(0, 1).size() / channels;
  const auto part = [&](int rank) {
    return part_of(request, share_of(to_index(request.chains), rank, team.size()), pixels, channels);
  };
  team.hand_out(Job::kDraw, [&](MessageWriter& message, int rank) {
    message.put(sampler);
    put_request(message, part(rank), workers);
  });
  std::vector<float> sent(parameters.begin(), parameters.end());
  team.ranks->broadcast(sent);

  Samples all;
  const auto append = [](std::vector<float>& values, std::span<const float> more) {
    values.insert(values.end(), more.begin(), more.end());
  };
  if (const SampleRequest own = part(0); own.chains > 0)
    all = draw_here(sampler, network, head, parameters, own, workers);
  team.collect([&](MessageReader& message, int) {
    if (!message.get<bool>()) return;
    all.chain_batch = std::max(all.chain_batch, message.get<int>());
    all.precision = message.get<Precision>();
    all.longest_span = std::max(all.longest_span, message.get<int>());
    all.speculation += message.get<SpeculationCounts>();
    append(all.images, FewValues(message).all());
    append(all.probabilities, message.get_room<float>());
  });
  return all;
}

void follow_drawing(const Network& network, const OutputHead& head, const Workers& workers, Team team,
                    MessageReader& message) {
  const auto sampler = message.get<SamplerConfig>();
  SampleRequest request;
  request.chains = message.get<int>();
  request.first_chain = message.get<int>();
  request.seed = message.get<std::uint64_t>();
  request.temperature = message.get<double>();
  request.with_probabilities = message.get<bool>();
  const GivenBatch given = get_given(message);
  request.given = given.view();
  const std::vector<float> canvas = FewValues(message).all();
  const std::vector<std::uint8_t> known = message.get_all<std::uint8_t>();
  request.canvas = canvas;
  request.known = known;
  std::vector<float> parameters(network.parameter_count());
  team.ranks->broadcast(parameters);

  MessageWriter answer;
  answer.put(request.chains > 0);
  if (request.chains > 0) {
    const Samples drawn = draw_here(sampler, network, head, parameters, request, workers);
    answer.put(drawn.chain_batch);
    answer.put(drawn.precision);
    answer.put(drawn.longest_span);
    answer.put(drawn.speculation);
    put_few_values(answer, drawn.images, workers);
    std::ranges::copy(drawn.probabilities, answer.put_room<float>(drawn.probabilities.size()).begin());
  }
  team.ranks->post(0, answer.bytes());
}

}  // namespace pcnn

#include "engine/train/same_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/io/checksum.h"
#include "engine/train/trainer.h"

namespace pcnn {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;  // values that one thread sums at once

[[noreturn]] void refuse(const std::string& rank, const std::string& others, std::int64_t step) {
  throw ComputeError(fmt::format(
      "{}: after step {} its parameters or its optimiser's state are not those of {}: a fault of its "
      "memory or its network",
      rank, step, others));
}

}  // namespace

std::uint32_t state_checksum(std::span<const StateBuffer> state, const Workers& workers) {
  std::vector<std::span<const float>> pieces;
  for (const StateBuffer& buffer : state)
    for (std::size_t at = 0; at < buffer.values.size(); at += kPiece)
      pieces.push_back(buffer.values.subspan(at, std::min(kPiece, buffer.values.size() - at)));
  std::vector<std::uint32_t> sums(pieces.size());
  workers.parallel_for(pieces.size(), [&](std::size_t i) {
    Crc32 sum;
    sum.add(std::as_bytes(pieces[i]));
    sums[i] = sum.value();
  });
  Crc32 all;
  all.add(std::as_bytes(std::span(sums)));
  return all.value();
}

void check_same_state(Team team, std::uint32_t own, std::int64_t step) {
  struct Answer {
    std::uint32_t checksum;
    std::string rank;
  };
  std::vector<Answer> others;
  team.collect([&](MessageReader& message, int) {
    const auto checksum = message.get<std::uint32_t>();
    others.push_back({checksum, message.get_text()});
  });
  const auto differs = [&](const Answer& answer) { return answer.checksum != own; };
  const auto first = std::ranges::find_if(others, differs);
  if (first == others.end()) return;
  const bool others_agree =
      std::ranges::all_of(others, [&](const Answer& answer) { return answer.checksum == first->checksum; });
  if (others.size() > 1 && others_agree) refuse(team.ranks->name(), "the other ranks", step);
  refuse(first->rank, "rank 0", step);
}

void post_checksum(Team team, std::uint32_t own) {
  MessageWriter answer;
  answer.put(own);
  answer.put_text(team.ranks->name());
  team.ranks->post(0, answer.bytes());
}

}  // namespace pcnn

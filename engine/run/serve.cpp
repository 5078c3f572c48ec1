#include "engine/run/serve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/standard_files.h"
#include "engine/core/text.h"
#include "engine/core/version.h"
#include "engine/model/network_builder.h"
#include "engine/run/run_config.h"
#include "engine/sample/sampler.h"
#include "engine/train/scorer.h"
#include "engine/train/trainer.h"

namespace pcnn {
namespace {

// What the bits of results follow from beside config and parameters.
std::string arithmetic() {
  const Backend here = backend();
  return fmt::format("pcnn {} {}, {}, {}, own kernels for {} and samples in {}", version(), commit(),
                     here.library, here.instruction_set, pixel_kernel(Precision::kF32).name,
                     pixel_kernel(Precision::kBf16).arithmetic);
}

// Of what may be asked of it, what was asked.
class ServedModel {
 public:
  ServedModel(MessageReader& message, Team team) : team_(team) {
    config_ =
        read_run_config(ConfigDocument::from_string(message.get_text(), "the config of rank 0"), "model");
    const auto channels = message.get<int>();
    const auto height = message.get<int>();
    const auto width = message.get<int>();
    network_ = build_network(config_.model, channels, height, width);
    head_ = make_output_head(config_.model.head, channels);
    shard_images_ = message.get<int>();
    precision_ = message.get<Precision>();
    const auto threads = message.get<int>();
    workers_.emplace(threads > 0 ? threads : available_threads());
  }

  void do_job(Job job, MessageReader& message) {
    switch (job) {
      case Job::kEnd:
      case Job::kModel:
      case Job::kTrials:
        break;  // of no model
      case Job::kTraining:
        trainer_ = std::make_unique<Trainer>(network_, *head_, config_.train, config_.seed,
                                             std::vector<float>(network_.parameter_count()), *workers_,
                                             precision_, team_);
        trainer_->follow_start(message);
        break;
      case Job::kStep:
        trainer_->follow_step(message);
        break;
      case Job::kCompare:
        trainer_->follow_check();
        break;
      case Job::kScore:
        if (!scorer_)
          scorer_ = std::make_unique<Scorer>(network_, *head_, shard_images_, *workers_, precision_, team_);
        scorer_->follow(message);
        break;
      case Job::kDraw:
        follow_drawing(network_, *head_, *workers_, team_, message);
        break;
    }
  }

 private:
  Team team_;
  RunConfig config_;
  Network network_;
  std::unique_ptr<const OutputHead> head_;
  int shard_images_ = 1;
  Precision precision_ = Precision::kF32;
  std::optional<Workers> workers_;
  std::unique_ptr<Scorer> scorer_;
  std::unique_ptr<Trainer> trainer_;
};

void greet(Ranks& ranks) {
  const std::string theirs = MessageReader(ranks.take(0)).get_text(), own = arithmetic();
  if (theirs != own)
    throw ConfigError(
        fmt::format("computes with {}, rank 0 with {}: results would not be those of one machine; "
                    "use processors and libraries of one kind",
                    own, theirs));
  ranks.post(0, {});
}

void serve_until_the_end(Ranks& ranks, const std::function<void(MessageReader&)>& serve_trials) {
  std::map<std::uint32_t, ServedModel> models;
  for (;;) {
    MessageReader message(ranks.take(0));
    const Job job = message.get<Job>();
    if (job == Job::kEnd) return;
    const Team team{.ranks = &ranks, .model = message.get<std::uint32_t>()};
    if (job == Job::kTrials) return serve_trials(message);
    if (job == Job::kModel)
      models.try_emplace(team.model, message, team);
    else
      models.at(team.model).do_job(job, message);
  }
}

}  // namespace

void begin_service(Ranks& ranks) {
  MessageWriter greeting;
  greeting.put_text(arithmetic());
  for (int rank = 1; rank < ranks.size(); ++rank) ranks.post(rank, greeting.bytes());
  for (int rank = 1; rank < ranks.size(); ++rank) (void)ranks.take(rank);
}

Team send_model(Ranks* ranks, std::string_view resolved_yaml, const Network& network, int shard_images,
                Precision precision, int threads) {
  if (!ranks) return {};
  const UnfinishedWhereThrown guard(ranks);
  const Team team{.ranks = ranks, .model = ranks->number_model()};
  team.hand_out(Job::kModel, [&](MessageWriter& message, int) {
    message.put_text(resolved_yaml);
    message.put(network.image_channels);
    message.put(network.image_height);
    message.put(network.image_width);
    message.put(shard_images);
    message.put(precision);
    message.put(threads == available_threads() ? 0 : threads);
  });
  return team;
}

void serve(Ranks& ranks, const std::string& program,
           const std::function<void(MessageReader&)>& serve_trials) {
  const auto fail = [&](const std::string& why, int exit_code) {
    show_text(stderr, fmt::format("{}: {}: {}\n", program, ranks.name(), escape_controls(why)));
    ranks.abort(exit_code);
  };
  try {
    greet(ranks);
    serve_until_the_end(ranks, serve_trials);
  } catch (const Error& error) {
    fail(error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    fail("out of memory", 2);
  } catch (const std::exception& error) {
    fail(std::string("unexpected: ") + error.what(), 1);
  }
}

void end_service(Ranks& ranks, int exit_code) {
  if (ranks.has_unfinished_job()) ranks.abort(std::max(1, exit_code));
  Team{.ranks = &ranks}.hand_out(Job::kEnd, [](MessageWriter&, int) {});
}

}  // namespace pcnn

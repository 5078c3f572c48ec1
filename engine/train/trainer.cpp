#include "engine/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/core/random.h"
#include "engine/data/batches.h"
#include "engine/ranks/few_values.h"
#include "engine/ranks/given_message.h"
#include "engine/train/given_of.h"
#include "engine/train/gradient.h"
#include "engine/train/non_finite.h"
#include "engine/train/same_state.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

DropoutKey dropout_key(std::uint64_t seed, std::int64_t step) {
  const auto words = static_cast<std::uint64_t>(step);
  const PhiloxBlock numbers =
      RandomStream(seed, Stream::kDropout)
          .bits(static_cast<std::uint32_t>(words), static_cast<std::uint32_t>(words >> 32));
  return {.key = {numbers[0], numbers[1]}};
}

}  // namespace

double StepSums::nats_per_dim() const {
  return dims > 0 ? nats / static_cast<double>(dims) : 0.0;
}

double StepSums::grad_norm() const {
  return steps > 0 ? std::sqrt(squared_norms / static_cast<double>(steps)) : 0.0;
}

double StepSums::images_per_second() const {
  return seconds > 0.0 ? static_cast<double>(images) / seconds : 0.0;
}

Trainer::Trainer(const Network& network, const OutputHead& head, const TrainConfig& config,
                 std::uint64_t seed, std::vector<float> parameters, const Workers& workers,
                 Precision precision, Team team)
    : network_(network),
      head_(head),
      config_(config),
      seed_(seed),
      workers_(workers),
      team_(team),
      parameters_(std::move(parameters)),
      gradients_(parameters_.size(), 0.0f),
      gradient_(network, head, shard_images(config, network), workers, precision, team, config.input_noise),
      optimiser_(Optimiser::make(config.optimiser, network.parameters)) {
  if (config.average.enabled()) average_ = std::make_unique<ParameterAverage>(config.average, parameters_);
  gradient_.load_parameters(parameters_);
}

Trainer::~Trainer() = default;

std::int64_t Trainer::steps_per_epoch(std::int64_t images_per_epoch) const {
  return (images_per_epoch + config_.batch - 1) / config_.batch;
}

std::int64_t Trainer::epoch(std::int64_t images_per_epoch) const {
  const std::int64_t steps = steps_per_epoch(images_per_epoch);
  return (progress_.step + steps - 1) / steps;
}

bool Trainer::finished(std::int64_t images_per_epoch) const {
  const auto total = config_.total_steps(steps_per_epoch(images_per_epoch));
  return (total && progress_.step >= *total) || (config_.seconds && progress_.seconds >= *config_.seconds);
}

std::span<const float> Trainer::evaluation_parameters() const {
  return average_ ? average_->values() : std::span<const float>(parameters_);
}

std::size_t Trainer::workspace_bytes() const {
  return gradient_.program().workspace_bytes();
}

bool Trainer::run_epoch(const ImageSet& images, const PixelCoding& coding,
                        const std::function<bool(const Progress&)>& on_step) {
  const std::int64_t steps = steps_per_epoch(images.count);
  const int epoch = static_cast<int>(progress_.step / steps);
  if (progress_.step % steps == 0) progress_.epoch = {};
  const std::vector<int> order = epoch_order(images.count, seed_, epoch);
  do {
    const std::size_t first = static_cast<std::size_t>(progress_.step % steps * config_.batch);
    const std::size_t count = std::min(static_cast<std::size_t>(config_.batch), order.size() - first);
    const auto start = std::chrono::steady_clock::now();
    step(std::span(order).subspan(first, count), images, coding, epoch, steps);
    const double seconds = seconds_since(start);
    progress_.seconds += seconds;
    for (StepSums* sums : {&progress_.epoch, &progress_.window}) sums->seconds += seconds;
    if (!on_step(progress_)) break;
  } while (progress_.step % steps != 0 && !finished(images.count));
  return progress_.step % steps == 0;
}

void Trainer::step(std::span<const int> positions, const ImageSet& images, const PixelCoding& coding,
                   int epoch, std::int64_t steps_per_epoch) {
  const auto fill = [&](int position, std::span<float> image) {
    coding.encode(images, positions[static_cast<std::size_t>(position)], epoch, image);
  };
  const int count = static_cast<int>(positions.size());
  GivenBatch given(network_, positions.size());
  given.take(given_of(network_, images), positions);
  const DropoutKey dropout = dropout_key(seed_, progress_.step);
  const double rate = learning_rate_at(config_.schedule, config_.optimiser.learning_rate, progress_.step,
                                       config_.total_steps(steps_per_epoch).value_or(0), steps_per_epoch);
  const double nats = [&] {
    const UnfinishedWhereThrown guard(team_.ranks);
    if (team_.ranks) hand_out(count, fill, given.view(), dropout, rate);
    return gradient_.compute(count, fill, gradients_, given.view(), dropout);
  }();
  const double norm = std::sqrt(squared_norm(gradients_));
  check_loss(nats, norm, positions, images, coding, epoch, given.view());
  update(rate);
  if (!std::isfinite(squared_norm(parameters_)))
    throw DivergenceError(progress_.step + 1, rate,
                          non_finite_parameter(network_, parameters_) + " is not finite",
                          config_.optimiser.kind);

  progress_.step += 1;
  progress_.images += count;
  for (StepSums* sums : {&progress_.epoch, &progress_.window}) {
    sums->nats += nats;
    sums->dims += count * static_cast<std::int64_t>(network_.shape(0, 1).size());
    sums->images += count;
    sums->squared_norms += norm * norm;
    sums->steps += 1;
  }
  progress_.learning_rate = rate;
  if (progress_.step == 1) progress_.first_nats_per_dim = progress_.epoch.nats_per_dim();
}

void Trainer::update(double rate) {
  if (config_.clip_norm) clip_to_norm(gradients_, *config_.clip_norm);
  if (config_.clip_value) clip_to_value(gradients_, static_cast<float>(*config_.clip_value));
  optimiser_->begin_step(static_cast<float>(rate));
  if (average_) average_->begin_update();
  const std::span<const UpdatePiece> pieces = optimiser_->pieces();
  workers_.parallel_for(pieces.size(), [&](std::size_t piece) {
    optimiser_->step_piece(parameters_, gradients_, piece);
    if (average_) average_->update_range(parameters_, pieces[piece].begin, pieces[piece].end);
  });
  gradient_.load_parameters(parameters_);
}

// Every other rank gets its images as the network reads them: it needs no data set, and no file of the run.
void Trainer::hand_out(int images, const FillImage& fill, const Given& given, const DropoutKey& dropout,
                       double rate) {
  const std::size_t size = network_.shape(0, 1).size();
  team_.hand_out(Job::kStep, [&](MessageWriter& message, int rank) {
    const Range own = gradient_.images_of(rank, images);
    message.put(images);
    message.put(dropout);
    message.put(rate);
    put_given(message, given.part(to_index(images), own.begin, own.size()));
    handed_out_.resize(own.size() * size);
    workers_.parallel_for(own.size(), [&](std::size_t i) {
      fill(static_cast<int>(own.begin + i), std::span(handed_out_).subspan(i * size, size));
    });
    put_few_values(message, handed_out_, workers_);
  });
}

void Trainer::follow_step(MessageReader& message) {
  const auto images = message.get<int>();
  const auto dropout = message.get<DropoutKey>();
  const auto rate = message.get<double>();
  const Range own = gradient_.images_of(team_.rank(), images);
  const GivenBatch given = get_given(message, network_, to_index(images), own);
  const FewValues values(message);
  const std::size_t size = network_.shape(0, 1).size();
  const auto fill = [&](int position, std::span<float> image) {
    values.copy((to_index(position) - own.begin) * size, image.first(size));
  };
  gradient_.compute(images, fill, gradients_, given.view(), dropout);
  update(rate);
}

void Trainer::lead() {
  if (!team_.ranks) return;
  const UnfinishedWhereThrown guard(team_.ranks);
  team_.hand_out(Job::kTraining, [&](MessageWriter& message, int) { message.put(progress_.step); });
  for (const StateBuffer& buffer : state()) team_.ranks->broadcast(buffer.values);
  leads_ = true;
}

void Trainer::check_ranks() {
  if (!leads_ || team_.ranks->has_unfinished_job()) return;
  team_.hand_out(Job::kCompare, [](MessageWriter&, int) {});
  check_same_state(team_, state_checksum(state(), workers_), progress_.step);
}

void Trainer::follow_check() {
  post_checksum(team_, state_checksum(state(), workers_));
}

void Trainer::follow_start(MessageReader& message) {
  const Progress progress{.step = message.get<std::int64_t>()};
  for (const StateBuffer& buffer : state()) team_.ranks->broadcast(buffer.values);
  restore(progress);
}

void Trainer::check_loss(double nats, double norm, std::span<const int> positions, const ImageSet& images,
                         const PixelCoding& coding, int epoch, const Given& given) const {
  const double per_dim =
      nats / (static_cast<double>(positions.size()) * static_cast<double>(network_.shape(0, 1).size()));
  LossReference reference = loss_reference();
  if (progress_.step == 0) reference.first = per_dim;
  const auto refuse = [&](const std::string& what) {
    throw DivergenceError(progress_.step + 1, last_rate(), what, config_.optimiser.kind);
  };
  if (std::isfinite(norm) && !is_diverged(per_dim, reference)) return;
  if (std::isfinite(norm) && std::isfinite(nats))
    refuse(fmt::format("the loss is {:.4g} nats/dim, {}", per_dim, reference.describe()));
  const std::string origin =
      std::isfinite(nats) ? non_finite_gradient(network_, gradients_)
                          : non_finite_value(
                                network_, parameters_, positions.size(),
                                [&](int i, std::span<float> image) {
                                  coding.encode(images, positions[static_cast<std::size_t>(i)], epoch, image);
                                },
                                given);
  refuse(fmt::format("the {} is not finite{}", std::isfinite(nats) ? "gradient" : "loss",
                     origin.empty() ? "" : ", beginning in " + origin));
}

LossReference Trainer::loss_reference() const {
  return {.guessing = guessing_nats_per_dim(head_), .first = progress_.first_nats_per_dim};
}

// A schedule may give 0, too.
std::optional<double> Trainer::last_rate() const {
  return progress_.step > 0 ? std::optional(progress_.learning_rate) : std::nullopt;
}

DivergenceError Trainer::divergence(const std::string& what) const {
  return {progress_.step, last_rate(), what, config_.optimiser.kind};
}

void Trainer::check_state() {
  for (const StateBuffer& buffer : state()) {
    if (std::isfinite(squared_norm(buffer.values))) continue;
    const std::string parameter = non_finite_parameter(network_, buffer.values);
    throw divergence((buffer.name.empty() ? "" : "the " + buffer.name + " of ") + parameter +
                     " is not finite");
  }
}

std::vector<StateBuffer> Trainer::state() {
  std::vector<StateBuffer> buffers{{"", parameters_}};
  for (const OptimiserState& moment : optimiser_->state())
    buffers.push_back({"optimiser." + moment.name, moment.values});
  if (average_) buffers.push_back({"average", average_->mutable_values()});
  return buffers;
}

void Trainer::restore(const Progress& progress) {
  progress_ = progress;
  optimiser_->set_step_count(progress.step);
  if (average_) average_->set_update_count(progress.step);
  gradient_.load_parameters(parameters_);
}

}  // namespace pcnn

#include "engine/train/batch_gradient.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <algorithm>

#include "engine/core/handoff.h"
#include "engine/train/workspace_memory.h"

namespace pcnn {

struct BatchGradient::Shard {
  Workspace workspace;
  std::vector<float> images;
  std::vector<float> logits;
  std::vector<float> diff_logits;
};

// TBB halves the range of shards down to single ones, whatever the number of threads, and joins the halves
// left to right: a fixed tree of additions.
class BatchGradient::Reduction {
 public:
  struct Job {
    BatchGradient& owner;
    int images;
    const FillImage& fill;
  };
  explicit Reduction(const Job& job) : job_(job) {}
  Reduction(Reduction& other, tbb::split) : Reduction(job_of(other)) { hand_over(this); }
  ~Reduction() { job_.owner.give_buffer(std::move(gradients)); }

  void operator()(const tbb::blocked_range<int>& range) {
    take_over(this);
    take_over(&job_.owner);
    for (int shard = range.begin(); shard < range.end(); ++shard) {
      Reduction one(job_);
      one.gradients = job_.owner.take_buffer();
      one.nats = job_.owner.run_shard(shard, job_.images, job_.fill, one.gradients);
      join(one);
    }
    hand_over(this);
  }

  void join(Reduction& right) {
    take_over(this);
    take_over(&right);
    nats += right.nats;
    if (gradients.empty()) {
      gradients.swap(right.gradients);
    } else {
      for (std::size_t i = 0; i < right.gradients.size(); ++i) gradients[i] += right.gradients[i];
    }
    hand_over(this);
  }

  double nats = 0.0;
  std::vector<float> gradients;  // empty until the first shard

 private:
  static Job job_of(Reduction& other) {
    take_over(&other);
    return other.job_;
  }

  Job job_;
};

BatchGradient::BatchGradient(const Network& network, const OutputHead& head, int shard_images,
                             const Workers& workers, Precision precision)
    : network_(network),
      head_(head),
      workers_(workers),
      image_size_(network.shape(0, 1).size()),
      logits_size_(network.shape(network.logits, 1).size()),
      program_(network, shard_images, Purpose::kTraining, {.precision = precision}),
      packed_(program_.new_packed_weights()) {
  const auto count = static_cast<std::size_t>(shard_images);
  require_memory_for_workspaces(program_, network, workers.threads(), "training on");
  for (int worker = 0; worker < workers.threads(); ++worker)
    shards_.push_back({Workspace(program_, packed_), std::vector<float>(count * image_size_),
                       std::vector<float>(count * logits_size_), std::vector<float>(count * logits_size_)});
}

BatchGradient::~BatchGradient() = default;

void BatchGradient::load_parameters(std::span<const float> parameters) {
  workers_.parallel_for(program_.packed_kernel_count(),
                        [&](std::size_t kernel) { program_.pack_kernel(kernel, parameters, packed_); });
  program_.pack_biases(parameters, packed_);
}

// A buffer is zeroed once: backward() never writes the rows below a kernel's centre and overwrites all else.
std::vector<float> BatchGradient::take_buffer() {
  const std::lock_guard lock(buffers_mutex_);
  if (buffers_.empty()) return std::vector<float>(network_.parameter_count(), 0.0f);
  std::vector<float> buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void BatchGradient::give_buffer(std::vector<float> buffer) {
  if (buffer.empty()) return;
  const std::lock_guard lock(buffers_mutex_);
  buffers_.push_back(std::move(buffer));
}

double BatchGradient::run_shard(int index, int images, const FillImage& fill, std::span<float> gradients) {
  Shard& shard = shards_[static_cast<std::size_t>(Workers::current())];
  const int first = index * program_.images();
  const int present = std::min(program_.images(), images - first);
  const auto part = [](std::vector<float>& all, int i, std::size_t size) {
    return std::span(all).subspan(static_cast<std::size_t>(i) * size, size);
  };

  // The last shard of a ragged batch is filled up with black images of weight zero.
  for (int i = 0; i < program_.images(); ++i) {
    const std::span<float> image = part(shard.images, i, image_size_);
    if (i < present)
      fill(first + i, image);
    else
      std::ranges::fill(image, 0.0f);
  }
  program_.forward(shard.workspace, shard.images, shard.logits);

  double nats = 0.0;
  for (int i = 0; i < present; ++i)
    nats += head_.nats(part(shard.logits, i, logits_size_), part(shard.images, i, image_size_),
                       part(shard.diff_logits, i, logits_size_));
  const float mean = 1.0f / (static_cast<float>(images) * static_cast<float>(image_size_));
  for (float& diff : shard.diff_logits) diff *= mean;
  for (int i = present; i < program_.images(); ++i)
    std::ranges::fill(part(shard.diff_logits, i, logits_size_), 0.0f);
  program_.backward(shard.workspace, shard.diff_logits, gradients);
  return nats;
}

double BatchGradient::compute(int images, const FillImage& fill, std::span<float> gradients) {
  const int shards = (images + program_.images() - 1) / program_.images();
  Reduction total(Reduction::Job{*this, images, fill});
  workers_.run([&] {
    hand_over(&total);
    hand_over(this);
    tbb::parallel_deterministic_reduce(tbb::blocked_range<int>(0, shards, 1), total);
    take_over(&total);
  });
  std::ranges::copy(total.gradients, gradients.begin());
  zero_dead_weights(network_, gradients);
  return total.nats;
}

}  // namespace pcnn

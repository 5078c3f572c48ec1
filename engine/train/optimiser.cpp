#include "engine/train/optimiser.h"

#include <cassert>
#include <cmath>

namespace pcnn {
namespace {

// The loops read the step's scalars from locals, not members: a store to a float buffer could alias a float
// member, and the compiler would have to load it again for every element instead of vectorising.

class Rmsprop final : public Optimiser {
 public:
  Rmsprop(const OptimiserConfig& config, std::size_t parameter_count)
      : Optimiser(parameter_count), config_(config), velocity_(parameter_count) {
    if (config.momentum > 0.0) momentum_.resize(parameter_count);
  }

  std::vector<OptimiserState> state() override {
    std::vector<OptimiserState> state = {{"velocity", velocity_}};
    if (!momentum_.empty()) state.push_back({"momentum", momentum_});
    return state;
  }

 private:
  void prepare(float learning_rate) override { learning_rate_ = learning_rate; }

  void update(float* parameters, const float* gradients, std::size_t begin, std::size_t end) override {
    if (momentum_.empty()) {
      update_plain(parameters, gradients, begin, end);
    } else {
      update_with_momentum(parameters, gradients, begin, end);
    }
  }

  void update_plain(float* parameters, const float* gradients, std::size_t begin, std::size_t end) {
    const float rate = learning_rate_;
    const float rho = static_cast<float>(config_.rho), rest = static_cast<float>(1.0 - config_.rho);
    const float inside = epsilon_inside(), outside = epsilon_outside();
    float* const velocity = velocity_.data();
    for (std::size_t i = begin; i < end; ++i) {
      const float g = gradients[i];
      const float v = rho * velocity[i] + rest * (g * g);
      velocity[i] = v;
      parameters[i] -= rate * g / (std::sqrt(v + inside) + outside);
    }
  }

  void update_with_momentum(float* parameters, const float* gradients, std::size_t begin, std::size_t end) {
    const float rate = learning_rate_;
    const float rho = static_cast<float>(config_.rho), rest = static_cast<float>(1.0 - config_.rho);
    const float inside = epsilon_inside(), outside = epsilon_outside();
    const float keep = static_cast<float>(config_.momentum);
    float* const velocity = velocity_.data();
    float* const momentum = momentum_.data();
    for (std::size_t i = begin; i < end; ++i) {
      const float g = gradients[i];
      const float v = rho * velocity[i] + rest * (g * g);
      const float u = keep * momentum[i] + rate * g / (std::sqrt(v + inside) + outside);
      velocity[i] = v;
      momentum[i] = u;
      parameters[i] -= u;
    }
  }

  // One of the two is 0 and changes no bit of the sum it is in.
  float epsilon_inside() const {
    return config_.epsilon_under_root ? static_cast<float>(config_.epsilon) : 0.0f;
  }
  float epsilon_outside() const {
    return config_.epsilon_under_root ? 0.0f : static_cast<float>(config_.epsilon);
  }

  OptimiserConfig config_;
  std::vector<float> velocity_;
  std::vector<float> momentum_;  // empty without momentum
  float learning_rate_ = 0.0f;
};

class Adam : public Optimiser {
 public:
  Adam(const OptimiserConfig& config, std::size_t parameter_count)
      : Optimiser(parameter_count), config_(config), first_(parameter_count), second_(parameter_count) {}

  std::vector<OptimiserState> state() override {
    return {{"first_moment", first_}, {"second_moment", second_}};
  }

 protected:
  void prepare(float learning_rate) override {
    const auto t = static_cast<double>(step_count());
    rate_ = static_cast<float>(learning_rate / (1.0 - std::pow(config_.beta1, t)));
    root_scale_ = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(config_.beta2, t)));
  }

  void update(float* parameters, const float* gradients, std::size_t begin, std::size_t end) override {
    const float rate = rate_, root_scale = root_scale_, epsilon = static_cast<float>(config_.epsilon);
    const float beta1 = static_cast<float>(config_.beta1), rest1 = static_cast<float>(1.0 - config_.beta1);
    const float beta2 = static_cast<float>(config_.beta2), rest2 = static_cast<float>(1.0 - config_.beta2);
    float* const first = first_.data();
    float* const second = second_.data();
    for (std::size_t i = begin; i < end; ++i) {
      const float g = gradients[i];
      const float m = beta1 * first[i] + rest1 * g;
      const float v = beta2 * second[i] + rest2 * (g * g);
      first[i] = m;
      second[i] = v;
      parameters[i] -= rate * m / (root_scale * std::sqrt(v) + epsilon);
    }
  }

 private:
  OptimiserConfig config_;
  std::vector<float> first_;
  std::vector<float> second_;
  float rate_ = 0.0f;        // learning rate / (1 - beta1^t)
  float root_scale_ = 0.0f;  // 1 / sqrt(1 - beta2^t)
};

class AdamW final : public Adam {
 public:
  AdamW(const OptimiserConfig& config, std::size_t parameter_count, std::span<const std::uint8_t> decays)
      : Adam(config, parameter_count), decay_(parameter_count, static_cast<float>(config.weight_decay)) {
    assert(decays.empty() || decays.size() == parameter_count);
    for (std::size_t i = 0; i < decays.size(); ++i) {
      if (decays[i] == 0) decay_[i] = 0.0f;
    }
  }

 private:
  void prepare(float learning_rate) override {
    Adam::prepare(learning_rate);
    learning_rate_ = learning_rate;
  }

  void update(float* parameters, const float* gradients, std::size_t begin, std::size_t end) override {
    const float rate = learning_rate_;
    const float* const decay = decay_.data();
    for (std::size_t i = begin; i < end; ++i) parameters[i] -= rate * decay[i] * parameters[i];
    Adam::update(parameters, gradients, begin, end);
  }

  std::vector<float> decay_;  // weight_decay, or 0 where the parameter is exempt
  float learning_rate_ = 0.0f;
};

class Sgd final : public Optimiser {
 public:
  Sgd(const OptimiserConfig& config, std::size_t parameter_count)
      : Optimiser(parameter_count), config_(config) {
    if (config.momentum > 0.0) momentum_.resize(parameter_count);
  }

  std::vector<OptimiserState> state() override {
    if (momentum_.empty()) return {};
    return {{"momentum", momentum_}};
  }

 private:
  void prepare(float learning_rate) override { learning_rate_ = learning_rate; }

  void update(float* parameters, const float* gradients, std::size_t begin, std::size_t end) override {
    const float rate = learning_rate_;
    if (momentum_.empty()) {
      for (std::size_t i = begin; i < end; ++i) parameters[i] -= rate * gradients[i];
      return;
    }
    const float keep = static_cast<float>(config_.momentum);
    // Both forms step along a g + b u; plain momentum is a = 0, b = 1.
    const float gradient_share = config_.nesterov ? 1.0f : 0.0f;
    const float momentum_share = config_.nesterov ? keep : 1.0f;
    float* const momentum = momentum_.data();
    for (std::size_t i = begin; i < end; ++i) {
      const float u = keep * momentum[i] + gradients[i];
      momentum[i] = u;
      parameters[i] -= rate * (gradient_share * gradients[i] + momentum_share * u);
    }
  }

  OptimiserConfig config_;
  std::vector<float> momentum_;  // empty without momentum
  float learning_rate_ = 0.0f;
};

}  // namespace

std::unique_ptr<Optimiser> Optimiser::make(const OptimiserConfig& config, std::size_t parameter_count,
                                           std::span<const std::uint8_t> decays) {
  assert(config.epsilon > 0.0);
  switch (config.kind) {
    case OptimiserKind::kRmsprop:
      return std::make_unique<Rmsprop>(config, parameter_count);
    case OptimiserKind::kAdam:
      return std::make_unique<Adam>(config, parameter_count);
    case OptimiserKind::kAdamW:
      return std::make_unique<AdamW>(config, parameter_count, decays);
    case OptimiserKind::kSgd:
      return std::make_unique<Sgd>(config, parameter_count);
  }
  assert(false);
  return nullptr;
}

void Optimiser::step(std::span<float> parameters, std::span<const float> gradients, float learning_rate) {
  begin_step(learning_rate);
  step_range(parameters, gradients, 0, parameter_count_);
}

void Optimiser::begin_step(float learning_rate) {
  ++step_count_;
  prepare(learning_rate);
}

void Optimiser::step_range(std::span<float> parameters, std::span<const float> gradients, std::size_t begin,
                           std::size_t end) {
  assert(parameters.size() == parameter_count_ && gradients.size() == parameter_count_);
  assert(begin <= end && end <= parameter_count_);
  update(parameters.data(), gradients.data(), begin, end);
}

}  // namespace pcnn

#include "engine/sweep/remote_trials.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/ranks/team.h"
#include "engine/sweep/trial_process.h"

namespace pcnn {
namespace {

enum class Order : std::uint32_t { kStart, kInterrupt };

constexpr std::chrono::milliseconds kPollInterval{20};

MessageWriter order(Order what, std::uint32_t trial) {
  MessageWriter message = Team{}.begin(Job::kTrials);
  message.put(what);
  message.put(trial);
  return message;
}

// On another rank: the processes it has, by the numbers of their trials.
class Service {
 public:
  explicit Service(Ranks& ranks) : ranks_(ranks) {}

  void obey(MessageReader& message) {
    const auto what = message.get<Order>();
    const auto trial = message.get<std::uint32_t>();
    if (what == Order::kStart) return start(trial, message);
    if (const auto running = processes_.find(trial); running != processes_.end())
      running->second->interrupt(message.get<InterruptionCause>());
  }

  void report_those_that_ended() {
    for (auto running = processes_.begin(); running != processes_.end();) {
      const std::optional<int> exit_code = running->second->exit_code();
      if (exit_code) report(running->first, *exit_code, "");
      running = exit_code ? processes_.erase(running) : std::next(running);
    }
  }

 private:
  void start(std::uint32_t trial, MessageReader& message) {
    const std::string program = message.get_text(), output = message.get_text();
    std::vector<std::string> arguments(message.get<std::size_t>());
    for (std::string& argument : arguments) argument = message.get_text();
    const int threads = message.get<int>(), at_once = message.get<int>();
    arguments.push_back("threads=" +
                        std::to_string(threads > 0 ? threads : std::max(1, available_threads() / at_once)));
    try {
      processes_.emplace(trial, std::make_unique<TrialProcess>(program, arguments, output));
    } catch (const Error& error) {
      report(trial, error.exit_code(), ranks_.name() + ": " + error.what());
    }
  }

  void report(std::uint32_t trial, int exit_code, const std::string& error) {
    MessageWriter answer;
    answer.put(trial);
    answer.put(exit_code);
    answer.put_text(error);
    ranks_.post(0, answer.bytes());
  }

  Ranks& ranks_;
  std::map<std::uint32_t, std::unique_ptr<TrialProcess>> processes_;
};

}  // namespace

class RemoteTrials::Trial final : public RunningTrial {
 public:
  Trial(RemoteTrials& all, int rank, std::uint32_t number) : all_(all), rank_(rank), number_(number) {}
  ~Trial() override {
    interrupt(InterruptionCause::kNone);
    while (!has_ended()) std::this_thread::sleep_for(kPollInterval);
  }

  [[nodiscard]] std::optional<int> exit_code() override {
    if (!has_ended()) return std::nullopt;
    const Ended& ended = all_.ended_.at(number_);
    if (!ended.error.empty()) throw Error(ended.error);
    return ended.exit_code;
  }

  void interrupt(InterruptionCause cause) override {
    if (std::exchange(interrupted_, true) || has_ended()) return;
    MessageWriter message = order(Order::kInterrupt, number_);
    message.put(cause);
    all_.ranks_.post(rank_, message.bytes());
  }

 private:
  bool has_ended() {
    all_.read_answers();
    return all_.ended_.contains(number_);
  }

  RemoteTrials& all_;
  int rank_;
  std::uint32_t number_;
  bool interrupted_ = false;
};

std::unique_ptr<RunningTrial> RemoteTrials::start(int rank, const std::string& program,
                                                  const std::vector<std::string>& arguments,
                                                  const std::string& output, int threads, int at_once) {
  const std::uint32_t number = started_++;
  MessageWriter message = order(Order::kStart, number);
  message.put_text(program);
  message.put_text(output);
  message.put(arguments.size());
  for (const std::string& argument : arguments) message.put_text(argument);
  message.put(threads);
  message.put(at_once);
  ranks_.post(rank, message.bytes());
  return std::make_unique<Trial>(*this, rank, number);
}

void RemoteTrials::read_answers() {
  for (int rank = 1; rank < ranks_.size(); ++rank)
    while (ranks_.has_message(rank)) {
      MessageReader answer(ranks_.take(rank));
      const auto number = answer.get<std::uint32_t>();
      const int exit_code = answer.get<int>();
      ended_[number] = {.exit_code = exit_code, .error = answer.get_text()};
    }
}

void serve_trials(Ranks& ranks, MessageReader& first) {
  Service service(ranks);
  service.obey(first);
  for (;;) {
    while (ranks.has_message(0)) {
      MessageReader message(ranks.take(0));
      if (message.get<Job>() == Job::kEnd) return;
      (void)message.get<std::uint32_t>();
      service.obey(message);
    }
    service.report_those_that_ended();
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace pcnn

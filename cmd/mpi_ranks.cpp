#include "cmd/mpi_ranks.h"

#include "engine/core/error.h"

#ifdef PCNN_HAS_MPI

#define OMPI_SKIP_MPICXX 1  // the C interface alone
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "engine/core/thread_limit.h"
#include "engine/ranks/slow_ranks.h"

namespace pcnn {
namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 28;  // elements of one MPI call, whose counts are int
constexpr int kMessageTag = 1, kTransferTag = 2;

// Whether a launcher started this process as one of several. Without one MPI need not be begun at all.
constexpr const char* kLaunchers[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MV2_COMM_WORLD_SIZE"};
bool is_launched() {
  return std::ranges::any_of(kLaunchers, [](const char* name) { return std::getenv(name) != nullptr; });
}

// In pieces that MPI can count.
template <typename Value, typename Call>
void in_pieces(std::span<Value> values, const Call& call) {
  do {
    const std::span<Value> piece = values.first(std::min(values.size(), kMostAtOnce));
    call(piece);
    values = values.subspan(piece.size());
  } while (!values.empty());
}

// Every rank of the communicator tells the others these bytes.
template <typename Value>
std::vector<Value> tell_all(const Value& own, MPI_Comm communicator) {
  int size = 1;
  MPI_Comm_size(communicator, &size);
  std::vector<Value> all(static_cast<std::size_t>(size));
  MPI_Allgather(&own, sizeof(Value), MPI_BYTE, all.data(), sizeof(Value), MPI_BYTE, communicator);
  return all;
}

// The ranks of one machine share its cores, as far as they are bound to the same ones.
void share_out_cores() {
  MPI_Comm here;
  int rank = 0;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  MPI_Comm_rank(here, &rank);
  cpu_set_t own;
  CPU_ZERO(&own);
  const bool is_known = ::sched_getaffinity(0, sizeof own, &own) == 0;
  const std::vector<cpu_set_t> masks = tell_all(own, here);
  MPI_Comm_free(&here);
  const auto count = static_cast<int>(masks.size());
  const int cores = is_known ? share_of_cores(masks, static_cast<std::size_t>(rank))
                             : static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)) / count;
  set_core_share({.cores = std::max(1, cores), .processes = count});
}

// Errors of MPI end all ranks, with its own message (MPI_ERRORS_ARE_FATAL).
class MpiRanks final : public Ranks {
 public:
  // note: for lines about ranks that do not answer, on rank 0.
  explicit MpiRanks(SlowRanks::Note note) {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    if (provided < MPI_THREAD_FUNNELED)
      throw Error("this MPI has no threads: pcnn needs MPI_THREAD_FUNNELED");
    share_out_cores();
    struct Host {
      char name[MPI_MAX_PROCESSOR_NAME] = {};
    } host;
    int length = 0;
    MPI_Get_processor_name(host.name, &length);
    std::vector<std::string> names;
    for (const Host& of : tell_all(host, MPI_COMM_WORLD))
      names.push_back("rank " + std::to_string(names.size()) + " on " + of.name);
    name_ = names[static_cast<std::size_t>(rank_)];
    names.emplace_back("other ranks");
    if (rank_ == 0) slow_ranks_.emplace(std::move(names), std::move(note));
  }
  ~MpiRanks() override { MPI_Finalize(); }
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  [[nodiscard]] std::string name() const override { return name_; }

  void post(int to, std::span<const std::byte> message) override {
    const unsigned long size = message.size();
    Requests requests;
    MPI_Isend(&size, 1, MPI_UNSIGNED_LONG, to, kMessageTag, MPI_COMM_WORLD, requests.add(to));
    in_pieces(message, [&](std::span<const std::byte> piece) {
      MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, kMessageTag, MPI_COMM_WORLD,
                requests.add(to));
    });
    wait_for(requests);
  }

  [[nodiscard]] Bytes take(int from) override {
    wait_for_message(from);
    unsigned long size = 0;
    MPI_Recv(&size, 1, MPI_UNSIGNED_LONG, from, kMessageTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    Bytes message(size);
    in_pieces(std::span(message), [&](std::span<std::byte> piece) {
      MPI_Recv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, kMessageTag, MPI_COMM_WORLD,
               MPI_STATUS_IGNORE);
    });
    return message;
  }

  [[nodiscard]] bool has_message(int from) override {
    int is_there = 0;
    MPI_Iprobe(from, kMessageTag, MPI_COMM_WORLD, &is_there, MPI_STATUS_IGNORE);
    return is_there != 0;
  }

  void transfer(std::span<const Outgoing> sends, std::span<const Incoming> receives) override {
    Requests requests;
    for (const Incoming& incoming : receives)
      in_pieces(incoming.values, [&](std::span<float> piece) {
        MPI_Irecv(piece.data(), static_cast<int>(piece.size()), MPI_FLOAT, incoming.from, kTransferTag,
                  MPI_COMM_WORLD, requests.add(incoming.from));
      });
    for (const Outgoing& outgoing : sends)
      in_pieces(outgoing.values, [&](std::span<const float> piece) {
        MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_FLOAT, outgoing.to, kTransferTag,
                  MPI_COMM_WORLD, requests.add(outgoing.to));
      });
    wait_for(requests);
  }

  void broadcast(std::span<float> values) override {
    Requests requests;
    in_pieces(values, [&](std::span<float> piece) {
      MPI_Ibcast(piece.data(), static_cast<int>(piece.size()), MPI_FLOAT, 0, MPI_COMM_WORLD,
                 requests.add(size_));
    });
    wait_for(requests);
  }

  [[noreturn]] void abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

 private:
  // What was begun, and with whom: size_ for all.
  class Requests {
   public:
    // Until the next call.
    MPI_Request* add(int with) {
      with_.push_back(with);
      return &requests_.emplace_back(MPI_REQUEST_NULL);
    }
    [[nodiscard]] bool are_done() {
      int are_done = 0;
      MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &are_done, MPI_STATUSES_IGNORE);
      return are_done != 0;
    }
    // Of the first that is not done.
    [[nodiscard]] int first_with() const {
      for (std::size_t i = 0; i < requests_.size(); ++i) {
        int is_done = 0;
        MPI_Request_get_status(requests_[i], &is_done, MPI_STATUS_IGNORE);
        if (is_done == 0) return with_[i];
      }
      return with_.back();
    }

   private:
    std::vector<MPI_Request> requests_;
    std::vector<int> with_;
  };

  // Keeps a core busy: it takes milliseconds where nothing is wrong.
  void wait_for(Requests& requests) {
    std::optional<SlowRanks::Wait> wait;
    if (slow_ranks_) wait.emplace(*slow_ranks_);
    while (!requests.are_done()) {
      if (wait && wait->is_long()) wait->name(static_cast<std::size_t>(requests.first_with()));
      std::this_thread::yield();
    }
  }

  // MPI itself would keep a core busy meanwhile, and a message may be minutes away.
  void wait_for_message(int from) {
    constexpr std::chrono::milliseconds kBusy{2};
    constexpr std::chrono::microseconds kNap{200};
    const auto start = std::chrono::steady_clock::now();
    std::optional<SlowRanks::Wait> wait;
    if (slow_ranks_) wait.emplace(*slow_ranks_);
    while (!has_message(from)) {
      if (wait && wait->is_long()) wait->name(static_cast<std::size_t>(from));
      if (std::chrono::steady_clock::now() - start > kBusy) std::this_thread::sleep_for(kNap);
    }
  }

  int rank_ = 0, size_ = 1;
  std::string name_;
  std::optional<SlowRanks> slow_ranks_;  // on rank 0: the others wait for it for as long as it takes
};

}  // namespace

std::unique_ptr<Ranks> join_ranks(SlowRanks::Note note) {
  if (!is_launched()) return nullptr;
  auto ranks = std::make_unique<MpiRanks>(std::move(note));
  for (const char* name : kLaunchers) unsetenv(name);
  if (ranks->size() == 1) {  // as without a launcher; MPI ends with the process
    static const std::unique_ptr<Ranks> alone = std::move(ranks);
    return nullptr;
  }
  return ranks;
}

std::string mpi_library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string line(text, static_cast<std::size_t>(length));
  return line.substr(0, line.find_first_of(",\n"));
}

}  // namespace pcnn

#else

namespace pcnn {

std::unique_ptr<Ranks> join_ranks(SlowRanks::Note) {
  return nullptr;
}
std::string mpi_library() {
  return {};
}

}  // namespace pcnn

#endif

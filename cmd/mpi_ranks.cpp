#include "cmd/mpi_ranks.h"

#include "engine/core/error.h"

#ifdef PCNN_HAS_MPI

#define OMPI_SKIP_MPICXX 1  // the C interface alone
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

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

// Errors of MPI end all ranks, with its own message (MPI_ERRORS_ARE_FATAL).
class MpiRanks final : public Ranks {
 public:
  MpiRanks() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    if (provided < MPI_THREAD_FUNNELED)
      throw Error("this MPI has no threads: pcnn needs MPI_THREAD_FUNNELED");
  }
  ~MpiRanks() override { MPI_Finalize(); }
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  [[nodiscard]] std::string name() const override {
    char host[MPI_MAX_PROCESSOR_NAME];
    int length = 0;
    MPI_Get_processor_name(host, &length);
    return "rank " + std::to_string(rank_) + " on " + std::string(host, static_cast<std::size_t>(length));
  }

  void post(int to, std::span<const std::byte> message) override {
    const unsigned long size = message.size();
    MPI_Send(&size, 1, MPI_UNSIGNED_LONG, to, kMessageTag, MPI_COMM_WORLD);
    in_pieces(message, [&](std::span<const std::byte> piece) {
      MPI_Send(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, kMessageTag, MPI_COMM_WORLD);
    });
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

  void transfer(std::span<const Outgoing> sends, std::span<const Incoming> receives) override {
    std::vector<MPI_Request> requests;
    for (const Incoming& incoming : receives)
      in_pieces(incoming.values, [&](std::span<float> piece) {
        MPI_Irecv(piece.data(), static_cast<int>(piece.size()), MPI_FLOAT, incoming.from, kTransferTag,
                  MPI_COMM_WORLD, &requests.emplace_back());
      });
    for (const Outgoing& outgoing : sends)
      in_pieces(outgoing.values, [&](std::span<const float> piece) {
        MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_FLOAT, outgoing.to, kTransferTag,
                  MPI_COMM_WORLD, &requests.emplace_back());
      });
    MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  }

  void broadcast(std::span<float> values) override {
    in_pieces(values, [&](std::span<float> piece) {
      MPI_Bcast(piece.data(), static_cast<int>(piece.size()), MPI_FLOAT, 0, MPI_COMM_WORLD);
    });
  }

  [[noreturn]] void abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

 private:
  // MPI itself would keep a core busy meanwhile, and a message may be minutes away.
  static void wait_for_message(int from) {
    constexpr std::chrono::milliseconds kBusy{2};
    constexpr std::chrono::microseconds kNap{200};
    const auto start = std::chrono::steady_clock::now();
    for (int is_there = 0; is_there == 0;) {
      MPI_Iprobe(from, kMessageTag, MPI_COMM_WORLD, &is_there, MPI_STATUS_IGNORE);
      if (is_there == 0 && std::chrono::steady_clock::now() - start > kBusy)
        std::this_thread::sleep_for(kNap);
    }
  }

  int rank_ = 0, size_ = 1;
};

}  // namespace

std::unique_ptr<Ranks> join_ranks() {
  if (!is_launched()) return nullptr;
  auto ranks = std::make_unique<MpiRanks>();
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

std::unique_ptr<Ranks> join_ranks() {
  return nullptr;
}
std::string mpi_library() {
  return {};
}

}  // namespace pcnn

#endif

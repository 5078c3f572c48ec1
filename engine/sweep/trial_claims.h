#pragma once

// Which process trains which trial, where several work on one sweep: record locks on a file in the sweep's
// directory, a byte each. The system drops them when their process ends, however it ends, also on another
// machine (NFS 4). They are open file description locks: closing another descriptor of the file drops none.
//
//   byte 0       the turn: whose it is may change what all share (sweep.json and the tables)
//   byte 1       shared by all processes at work
//   byte 1 + n   trial n

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pcnn {

// One thread at a time.
class TrialClaims {
 public:
  // Makes the file. Throws FileError where it cannot be made or locked. `called`: its name in messages, where
  // it is to be renamed.
  explicit TrialClaims(const std::string& path) : TrialClaims(path, path) {}
  TrialClaims(const std::string& path, std::string called);
  ~TrialClaims();
  TrialClaims(const TrialClaims&) = delete;
  TrialClaims& operator=(const TrialClaims&) = delete;

  // False where the file system has no record locks. Then nobody else may be at work, and all below is as if
  // this process were alone.
  [[nodiscard]] bool can_share() const { return refusal_.empty(); }
  // Why it has none: "No locks available".
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

  // The turn, for as long as this lives.
  class Turn {
   public:
    explicit Turn(TrialClaims& claims) : claims_(claims) {}
    ~Turn() { claims_.end_turn(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    TrialClaims& claims_;
  };
  // Waits for those before. Not while this process has its turn.
  [[nodiscard]] Turn wait_for_turn();

  // Takes the trial; false where another process has it.
  [[nodiscard]] bool take(int trial);
  void give_back(int trial);
  [[nodiscard]] bool has(int trial) const { return own_.contains(trial); }

  // Those up to `last` that other processes have, in order.
  [[nodiscard]] std::vector<int> taken_elsewhere(int last) const;
  // Whether the file was removed, so that others no longer see these claims.
  [[nodiscard]] bool are_lost() const;
  // Whether other processes are at work.
  [[nodiscard]] bool has_others() const;

 private:
  [[nodiscard]] bool lock(int type, long first, bool waits) const;
  void unlock(long first) const;
  void end_turn() const;
  // The first byte and the last of a lock of others on one of these bytes.
  struct Bytes {
    long first, last;
  };
  [[nodiscard]] std::optional<Bytes> others_on(Bytes bytes) const;
  void add_others(Bytes bytes, std::vector<int>& trials) const;

  std::string path_;
  int fd_ = -1;
  std::string refusal_;
  std::set<int> own_;
};

}  // namespace pcnn

#include "engine/sweep/trial_claims.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/error.h"

namespace pcnn {
namespace {

constexpr long kTurn = 0, kMember = 1;

long byte_of(int trial) {
  return kMember + trial;
}

struct flock record(int type, long first, long count) {
  struct flock record {};
  record.l_type = static_cast<short>(type);
  record.l_whence = SEEK_SET;
  record.l_start = first;
  record.l_len = count;
  return record;
}

// What file systems and kernels say that have no such locks.
bool means_none(int cause) {
  return cause == ENOLCK || cause == EOPNOTSUPP || cause == ENOSYS || cause == EINVAL;
}

}  // namespace

TrialClaims::TrialClaims(const std::string& path, std::string called) : path_(std::move(called)) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw SystemError(path_, "cannot be made", errno);
  struct flock member = record(F_RDLCK, kMember, 1);
  if (::fcntl(fd_, F_OFD_SETLK, &member) == 0) return;
  const int cause = errno;
  refusal_ = std::strerror(cause);
  if (means_none(cause)) return;
  ::close(fd_);
  throw SystemError(path_, "cannot be locked", cause);
}

TrialClaims::~TrialClaims() {
  ::close(fd_);
}

bool TrialClaims::lock(int type, long first, bool waits) const {
  struct flock wanted = record(type, first, 1);
  while (::fcntl(fd_, waits ? F_OFD_SETLKW : F_OFD_SETLK, &wanted) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) throw SystemError(path_, "cannot be locked", errno);
  }
  return true;
}

void TrialClaims::unlock(long first) const {
  struct flock none = record(F_UNLCK, first, 1);
  ::fcntl(fd_, F_OFD_SETLK, &none);  // or it is dropped with the file
}

TrialClaims::Turn TrialClaims::wait_for_turn() {
  if (can_share()) (void)lock(F_WRLCK, kTurn, true);
  return Turn(*this);
}

void TrialClaims::end_turn() const {
  if (can_share()) unlock(kTurn);
}

bool TrialClaims::take(int trial) {
  if (can_share() && !lock(F_WRLCK, byte_of(trial), false)) return false;
  own_.insert(trial);
  return true;
}

void TrialClaims::give_back(int trial) {
  own_.erase(trial);
  if (can_share()) unlock(byte_of(trial));
}

std::optional<TrialClaims::Bytes> TrialClaims::others_on(Bytes bytes) const {
  struct flock found = record(F_WRLCK, bytes.first, bytes.last - bytes.first + 1);
  if (::fcntl(fd_, F_OFD_GETLK, &found) != 0) throw SystemError(path_, "cannot be looked at", errno);
  if (found.l_type == F_UNLCK) return std::nullopt;
  const long last = found.l_len == 0 ? bytes.last : found.l_start + found.l_len - 1;
  return Bytes{std::max<long>(found.l_start, bytes.first), std::min(last, bytes.last)};
}

// The system tells of one lock at a time, of any of those on the bytes.
void TrialClaims::add_others(Bytes bytes, std::vector<int>& trials) const {
  if (bytes.first > bytes.last) return;
  const std::optional<Bytes> taken = others_on(bytes);
  if (!taken) return;
  add_others({bytes.first, taken->first - 1}, trials);
  for (long byte = taken->first; byte <= taken->last; ++byte)
    trials.push_back(static_cast<int>(byte - byte_of(0)));
  add_others({taken->last + 1, bytes.last}, trials);
}

std::vector<int> TrialClaims::taken_elsewhere(int last) const {
  std::vector<int> trials;
  if (can_share()) add_others({byte_of(1), byte_of(last)}, trials);
  return trials;
}

bool TrialClaims::are_lost() const {
  struct stat file {};
  return ::fstat(fd_, &file) != 0 || file.st_nlink == 0;
}

bool TrialClaims::has_others() const {
  return can_share() && others_on({kMember, kMember}).has_value();
}

}  // namespace pcnn

#include "engine/ranks/message.h"

#include <cstring>

#include "engine/core/error.h"

namespace pcnn {

void MessageWriter::append(const void* from, std::size_t size) {
  if (size == 0) return;
  const std::size_t at = bytes_.size();
  bytes_.resize(at + size);
  std::memcpy(bytes_.data() + at, from, size);
}

void MessageReader::require(std::size_t size) const {
  if (size > bytes_.size() - at_) throw Error("a message of another rank ends before what belongs in it");
}

void MessageReader::copy(void* to, std::size_t size) {
  require(size);
  if (size > 0) std::memcpy(to, bytes_.data() + at_, size);
  at_ += size;
}

}  // namespace pcnn

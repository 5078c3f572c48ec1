#pragma once

#include <xmmintrin.h>

#include "engine/core/parallel.h"

namespace pcnn::api {

// Flushes denormals to zero for its lifetime, as pcnn's programs do: on the calling thread, and on those of
// workers made meanwhile. A host's own setting comes back.
class DenormalsFlushed {
 public:
  DenormalsFlushed() : before_(_mm_getcsr()) { flush_denormals_to_zero(); }
  ~DenormalsFlushed() { _mm_setcsr(before_); }
  DenormalsFlushed(const DenormalsFlushed&) = delete;
  DenormalsFlushed& operator=(const DenormalsFlushed&) = delete;

 private:
  unsigned before_;
};

}  // namespace pcnn::api

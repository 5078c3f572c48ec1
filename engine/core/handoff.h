#pragma once

// Work that one thread hands to another through oneTBB. Its library is built without ThreadSanitizer, which
// therefore does not see that what came before tsan_release(place) is known after tsan_acquire(place); these
// tell it. In other builds they do nothing: the order itself is oneTBB's.

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void* place);
extern "C" void __tsan_release(void* place);
#endif

namespace pcnn {

inline void tsan_release([[maybe_unused]] void* place) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(place);
#endif
}

inline void tsan_acquire([[maybe_unused]] void* place) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(place);
#endif
}

}  // namespace pcnn

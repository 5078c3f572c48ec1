#pragma once

namespace pcnn {

// What a program says beside its results; the log of a run has all of it in any case.
enum class Verbosity {
  kQuiet,    // warnings
  kNormal,   // what happens
  kVerbose,  // and how
};

}  // namespace pcnn

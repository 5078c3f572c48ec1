#pragma once

namespace pcnn::testing {

// One function for each op of a network; with std::visit a new op that has none does not compile.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace pcnn::testing

#include "engine/sweep/successive_halving.h"

#include <algorithm>

namespace pcnn {

SuccessiveHalving::SuccessiveHalving(const EarlyStopping& rule, std::int64_t max_epochs,
                                     const Objective& objective)
    : reduction_factor_(rule.reduction_factor), objective_(objective) {
  for (std::int64_t epoch = rule.grace; epoch < max_epochs; epoch *= reduction_factor_) {
    rungs_[epoch];
    if (epoch > max_epochs / reduction_factor_) break;  // the product might not be held
  }
}

bool SuccessiveHalving::is_rung(std::int64_t epoch) const {
  return rungs_.contains(epoch);
}

bool SuccessiveHalving::goes_on(std::int64_t epoch, double value) {
  std::vector<double>& values = rungs_.at(epoch);
  values.push_back(value);
  const auto better =
      std::ranges::count_if(values, [&](double other) { return objective_.is_better(other, value); });
  const auto places = (static_cast<std::int64_t>(values.size()) + reduction_factor_ - 1) / reduction_factor_;
  return better < places;
}

}  // namespace pcnn

#pragma once

#include <string>
#include <vector>

#include "engine/sweep/sweep_plan.h"
#include "engine/sweep/trial.h"

namespace pcnn {

// An SVG with a chart for each parameter: the best value of each trial against the trial's value of the
// parameter. Dots are trials that ran to their end, rings those that were stopped or still run; the best is
// marked. The scale shows the better half well: what lies far out stands at the edge.
[[nodiscard]] std::string parameter_picture_svg(const std::string& title, const std::vector<Trial>& trials,
                                                const SweepPlan& plan);

}  // namespace pcnn

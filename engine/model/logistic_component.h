#pragma once

// A logistic distribution discretised to levels, in vectors. Included by source files that are built once per
// instruction set.

#include "engine/core/simd.h"
#include "engine/model/mixture_loss.h"

namespace pcnn {
namespace {

template <int kLanes>
struct LogisticComponent : Simd<kLanes> {
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::exponential, Simd<kLanes>::larger, Simd<kLanes>::logarithm;

  static Vector tanh(Vector x) { return 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f); }

  // The log scale that a component has.
  static Vector at_least(Vector log_scale, const LevelWidth& width) {
    return log_scale < width.least_log_scale ? Vector{} + width.least_log_scale : log_scale;
  }

  // Of a level under a component.
  struct Probability {
    Vector log, diff_mean, diff_log_scale;
  };

  // x: levels as fed to the network. Edges are recognised by whole numbers, so that neighbours have theirs in
  // common to the last bit and no probability is lost or counted twice between them. With a and b those edges
  // from the mean, in scales,
  //
  //     sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(-(a - b)))
  //
  // whose logarithm is taken once, of factors between 1/4 and 1: sigmoid(a) = exp(min(a, 0)) sigmoid(|a|).
  static Probability probability(Vector x, Vector mean, Vector log_scale, const LevelWidth& width) {
    const Vector zero{}, one = zero + 1.0f, rounder = zero + 12582912.0f;  // 1.5 * 2^23: see exponential()
    const float half = width.half;
    const auto lowest = (x < half - 1.0f), highest = (x > 1.0f - half), edge = (lowest | highest);
    const auto floored = (log_scale < width.least_log_scale);
    const Vector s = at_least(log_scale, width);
    const Vector inverse = exponential(-s);
    const Vector twice_level = 2.0f * ((x + 1.0f) / (2.0f * half) + rounder - rounder);
    const Vector a = inverse * ((twice_level + 1.0f) * half - 1.0f - mean),
                 b = inverse * ((twice_level - 1.0f) * half - 1.0f - mean), d = 2.0f * half * inverse;
    const Vector exp_a = exponential(a > zero ? -a : a), exp_b = exponential(b > zero ? -b : b);
    const Vector sigmoid_a = 1.0f / (1.0f + exp_a), sigmoid_b = 1.0f / (1.0f + exp_b);  // of |a|, of |b|

    // 1 - exp(-d): its logarithm is a series where the difference would lose digits.
    const auto narrow = (d < 0.5f);
    const Vector exp_d = exponential(-d), square = d * d;
    const Vector between = (narrow | edge) ? one : 1.0f - exp_d;
    const Vector log_narrow =
        width.log_whole - s - d / 2.0f + square * (1.0f / 24.0f) - square * square * (1.0f / 2880.0f);
    const Vector log = logarithm((highest ? one : sigmoid_a) * (lowest ? one : sigmoid_b) * between) -
                       (highest ? zero : larger(-a, zero)) - (lowest ? zero : larger(b, zero)) +
                       ((narrow & ~edge) ? log_narrow : zero);

    // Of -log sigmoid(a) by -a and -log sigmoid(-b) by b: sigmoid(-a) and sigmoid(b).
    const Vector slope_a = highest ? zero : (a > zero ? exp_a * sigmoid_a : sigmoid_a),
                 slope_b = lowest ? zero : (b > zero ? sigmoid_b : exp_b * sigmoid_b);
    const Vector diff_between =
        narrow ? d * 0.5f - 1.0f - square * (1.0f / 12.0f) + square * square * (1.0f / 720.0f)
               : -d * exp_d / (1.0f - exp_d + 1e-30f);
    return {.log = log,
            .diff_mean = inverse * (slope_b - slope_a),
            .diff_log_scale = floored ? zero : (edge ? zero : diff_between) + b * slope_b - a * slope_a};
  }
};

}  // namespace
}  // namespace pcnn

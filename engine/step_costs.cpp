#include "engine/step_costs.h"

#include <algorithm>

namespace fathom::engine {
namespace {

constexpr double kKept = 0.995;  // of older steps, each time: the last 200 count most

// A step that was interrupted by another program says little about steps.
constexpr double kMostOfExpected = 3;

// What is assumed of rows before there are steps that tell, and how many of such steps outweigh it.
// One row among few costs more than one among many, which share more.
constexpr double kFewToMany = 1.5;
constexpr double kUnknownRow = 0.2;  // of a step
constexpr double kWeightOfAssumption = 8;

}  // namespace

void StepCosts::note(int n_rows, double seconds) {
  if (n_rows > kMaxRows) {
    row_seconds_ = seconds / n_rows;
    return;
  }
  if (n_ > 0) seconds = std::min(seconds, kMostOfExpected * this->seconds(n_rows));
  for (double* sum : {&n_, &x_, &xx_, &y_, &xy_}) *sum *= kKept;
  const double x = n_rows - 1;
  n_ += 1;
  x_ += x;
  xx_ += x * x;
  y_ += seconds;
  xy_ += x * seconds;
}

/// Least squares, drawn towards the assumption.
double StepCosts::slope() const {
  const double step = y_ / n_;
  const double usual = row_seconds_ > 0 ? kFewToMany * row_seconds_ : kUnknownRow * step;
  const double assumed = std::max(usual, row_share_ * step);
  const double spread = xx_ - x_ * x_ / n_;
  const double rise = xy_ - x_ * y_ / n_;
  return std::max(0.0, (rise + kWeightOfAssumption * assumed) / (spread + kWeightOfAssumption));
}

double StepCosts::seconds(int n_rows) const {
  if (n_ == 0) return 0;
  const double mean_x = x_ / n_;
  const double mean_y = y_ / n_;
  // Not below a small part of what is seen: a line through noise may lead anywhere.
  return std::max(mean_y + slope() * (n_rows - 1 - mean_x), 0.05 * mean_y);
}

}  // namespace fathom::engine

#pragma once

#include <vector>

namespace fathom::cli {

/// The value that a share `p` of the samples does not exceed (nearest rank); 0 without samples.
double percentile(std::vector<double> samples, double p);

inline double median(std::vector<double> samples) { return percentile(std::move(samples), 0.5); }

}  // namespace fathom::cli

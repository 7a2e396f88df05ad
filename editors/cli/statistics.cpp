#include "editors/cli/statistics.h"

#include <algorithm>
#include <cmath>

namespace fathom::cli {

double percentile(std::vector<double> samples, double p) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(p * double(samples.size())));
  const size_t index = std::clamp<size_t>(rank, 1, samples.size()) - 1;
  std::ranges::nth_element(samples, samples.begin() + std::ptrdiff_t(index));
  return samples[index];
}

}  // namespace fathom::cli

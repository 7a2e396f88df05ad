// The parts of a model, each loaded by a thread of its own, which reads what its part needs of the
// file.

#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/base/result.h"
#include "engine/model.h"

namespace fathom::engine {

/// load(i, options) for all i < n, at once. `options` are the given ones; only the first part's
/// tell of progress. Errors: the first part's that has one.
Result<std::vector<std::unique_ptr<Model>>> load_side_by_side(
    size_t n, const ModelOptions& options,
    const std::function<Result<std::unique_ptr<Model>>(size_t, const ModelOptions&)>& load);

}  // namespace fathom::engine

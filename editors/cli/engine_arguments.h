// The options of the engine in the words of the command line, for another command to take.

#pragma once

#include <string>
#include <vector>

#include "editors/cli/model_options.h"

namespace fathom::cli {

/// Those that were given, in a fixed order, a model that is a file by its absolute path, and
/// without
/// --seed and --verbose, which no daemon needs.
std::vector<std::string> engine_arguments(const ModelOptions& options);

}  // namespace fathom::cli

// `fathom eval review`.

#pragma once

#include "editors/cli/command.h"

namespace fathom::cli {

Action add_eval_review(CLI::App& command);

}  // namespace fathom::cli

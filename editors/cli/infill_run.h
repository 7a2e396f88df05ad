// Lets a model answer fill-in-the-middle tasks: by itself, or through everything an editor's
// completion goes through.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "editors/cli/infill_data.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "engine/engine_thread.h"

namespace fathom::cli {

/// How the two runs differ from what the model's traits say.
struct InfillOptions {
  std::optional<bool> line_anchored;
};

struct InfillAnswer {
  std::string text;      // to be inserted; "": nothing was suggested
  std::string replaced;  // of the suffix, by the text
  std::string stop;
  int n_tokens = 0;
  int prompt_tokens = 0;
  double confidence = 0;  // percent
};

/// KV cache that a run needs.
extern const int kInfillCacheTokens;

/// The model alone: the prompt and the cut are those of models/nano/training/evaluate.py, so that
/// the figure on a model's card can be reproduced: no path line, the raw prompt cut to 900 tokens
/// with at most 300 of suffix, greedy, 40 tokens or until a line that is not empty is complete.
/// Answers in the order of the tasks, a few of which are decoded together. Errors: the engine's.
Result<std::vector<InfillAnswer>> run_raw(engine::EngineThread& engine,
                                          const std::vector<InfillTask>& tasks,
                                          const InfillOptions& options);

/// The same through an Assistant, with everything but its gate of confidence. Where it would not be
/// asked by itself (inside a word), it is asked as if by hand.
Result<std::vector<InfillAnswer>> run_pipeline(engine::EngineThread& engine, Log& log,
                                               const std::vector<InfillTask>& tasks,
                                               const InfillOptions& options);

}  // namespace fathom::cli

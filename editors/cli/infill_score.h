// What answers to fill-in-the-middle tasks are worth.

#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "editors/cli/infill_data.h"
#include "editors/cli/infill_run.h"

namespace fathom::cli {

/// Sums over tasks; shares are of `tasks` unless they say otherwise.
struct InfillScore {
  double tasks = 0;
  double exact = 0;        // the first line that is not empty is that of the solution
  double likeness = 0;     // sum of the similarity of these lines
  double shown = 0;        // there is an answer
  double with_syntax = 0;  // the language is one that fathom parses
  double parsed = 0;       // of with_syntax: the text parses with the answer in place
  double clean = 0;        // shown, in a text that parses without the answer
  double broken = 0;       // of clean: and no longer does with it
  double tokens = 0;
  double prompt_tokens = 0;
  std::map<std::string, int> stops;  // what ended the answers
};

/// How often what is shown is right, if what the model is less sure of is hidden.
struct ConfidenceRow {
  int min_confidence = 0;  // percent
  double shown = 0;        // share of the tasks
  double precise = 0;      // share of those shown
};

struct InfillReport {
  InfillScore all;
  std::map<std::string, InfillScore> by_language;
  std::map<std::string, InfillScore> by_kind;
  std::vector<ConfidenceRow> confidence;
};

InfillReport score_infill(std::span<const InfillTask> tasks, std::span<const InfillAnswer> answers);

}  // namespace fathom::cli

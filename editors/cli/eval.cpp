// fathom eval: what a model is worth.

#include "editors/cli/command.h"
#include "editors/cli/eval_review.h"

namespace fathom::cli {

Action add_eval(CLI::App& command) {
  CLI::App* infill = command.add_subcommand(
      "infill", "fill-in-the-middle: exact match and edit similarity of the first line");
  CLI::App* review = command.add_subcommand(
      "review", "planted defects: how many a review finds, and what it accuses wrongly");
  for (CLI::App* subcommand : {infill, review}) subcommand->group("Subcommands");
  command.require_subcommand(1);
  return [run_infill = add_eval_infill(*infill), run_review = add_eval_review(*review), review] {
    return review->parsed() ? run_review() : run_infill();
  };
}

}  // namespace fathom::cli

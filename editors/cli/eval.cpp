// fathom eval: what a model is worth.

#include "editors/cli/command.h"

namespace fathom::cli {

Action add_eval(CLI::App& command) {
  CLI::App* infill = command.add_subcommand(
      "infill", "fill-in-the-middle: exact match and edit similarity of the first line");
  infill->group("Subcommands");
  command.require_subcommand(1);
  return add_eval_infill(*infill);
}

}  // namespace fathom::cli

// The subcommands of fathom: one source file each, one row each in main.cpp.

#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "editors/cli/exit_code.h"
#include "engine/base/result.h"

namespace fathom::cli {

/// Runs a command whose options have been parsed.
using Action = std::function<Result<ExitCode>()>;

// Each adds its options to `command` and returns what runs it.
Action add_lsp(CLI::App& command);
Action add_serve(CLI::App& command);
Action add_status(CLI::App& command);
Action add_complete(CLI::App& command);
Action add_explain(CLI::App& command);
Action add_report(CLI::App& command);
Action add_review(CLI::App& command);
Action add_patch(CLI::App& command);
Action add_generate(CLI::App& command);
Action add_logits(CLI::App& command);
Action add_tokenize(CLI::App& command);
Action add_inspect(CLI::App& command);
Action add_plan(CLI::App& command);
Action add_synth(CLI::App& command);
Action add_convert(CLI::App& command);
Action add_pull(CLI::App& command);
Action add_models(CLI::App& command);
Action add_rm(CLI::App& command);
Action add_bench(CLI::App& command);
Action add_eval(CLI::App& command);
Action add_doctor(CLI::App& command);
Action add_config(CLI::App& command);
Action add_debug_compare(CLI::App& command);

/// `fathom bench speculation`, `fathom bench typing` and `fathom eval infill`.
Action add_bench_speculation(CLI::App& command);
Action add_bench_typing(CLI::App& command);
Action add_eval_infill(CLI::App& command);

}  // namespace fathom::cli

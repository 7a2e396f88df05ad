// What `fathom review` and `fathom patch` have in common: a change is found, and reviewed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

#include "completion/review/finding.h"
#include "editors/cli/model_options.h"
#include "engine/base/result.h"

namespace fathom::cli {

constexpr size_t kMaxBaselineBytes = size_t{16} << 20;

struct ReviewArguments {
  ModelOptions model;
  std::string range;
  std::string base;
  bool staged = false;
  std::string diff;  // a file, or "-"
  int max_findings = 8;
  int min_confidence = 50;  // percent
  int max_seconds = 0;
  int64_t max_tokens = 0;
  std::string baseline;
  std::string check;  // a shell command
  int check_seconds = 300;
};

/// [RANGE], the options that choose a change, those that limit the review, and those of the model.
void add_review_options(CLI::App& command, ReviewArguments& arguments);

struct ReviewRun {
  completion::ReviewReport report;
  std::filesystem::path working_tree;  // that the paths are relative to; "": not known
  bool is_interrupted = false;         // by Ctrl-C
};

/// Reviews and checks. Ctrl-C ends that early, not the command. The model is loaded only if there
/// is something to ask it.
///
/// Errors: invalid_argument (options that exclude each other), those of GitRepository, parse_diff
/// and check_suggestions, and of loading a model.
Result<ReviewRun> run_review(const ReviewArguments& arguments);

}  // namespace fathom::cli

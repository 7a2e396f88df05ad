// How the commands that have a review write it.

#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "completion/review/finding.h"

namespace fathom::cli {

/// --format NAME; `format` holds the default.
void add_format_option(CLI::App& command, std::string& format);

/// To stdout, in the format of that name, with colours if a person is looking.
void write_report(const completion::ReviewReport& report, const std::string& format);

}  // namespace fathom::cli

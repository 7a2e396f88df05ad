// What `fathom plan` found, as a page for people.
//
// Threads: any.

#pragma once

#include <string>

#include "editors/cli/plan_report.h"

namespace fathom::cli {

std::string plan_text(const PlanReport& report);

}  // namespace fathom::cli

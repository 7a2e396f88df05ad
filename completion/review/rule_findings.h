// What is found on added lines without a model: secrets, and characters that show code as what it
// is not ("Trojan Source", CVE-2021-42574).
//
// Threads: any; a function.

#pragma once

#include <vector>

#include "completion/privacy/secret_finder.h"
#include "completion/review/changed_file.h"
#include "completion/review/finding.h"

namespace fathom::completion {

/// By line. Without fingerprints. Hidden characters have the suggestion to take them out.
std::vector<Finding> rule_findings(const ChangedFile& file, const SecretFinder& secrets);

/// The lines as they may be shown: with secrets masked.
std::string quote_of(const ChangedFile& file, LineRange lines);

}  // namespace fathom::completion

// Whether what a model proposes may be shown to anybody: it must change something, apply by git's
// rules to the very bytes that were reviewed, and add neither a syntax error nor a secret. In a
// language without a parser here Suggestion::parses says that nothing is known of its syntax.
//
// Threads: any, one at a time for each gate.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "completion/privacy/secret_finder.h"
#include "completion/review/anchor.h"
#include "completion/review/changed_file.h"
#include "completion/review/finding.h"

namespace fathom::completion {

/// What the anchored lines are to be replaced by, or nothing if a check fails. `replacement` is
/// what the model wrote: any line ends, perhaps without the indentation.
std::optional<Suggestion> passed_suggestion(const ChangedFile& file, const Anchor& anchor,
                                            std::string_view replacement,
                                            const SecretFinder& secrets);

/// The text with the suggestions in it, which do not overlap and are on lines of it.
std::string with_suggestions(std::string_view text, std::vector<Suggestion> suggestions);

/// Whether `after` has a syntax error that `before` has not; nothing if that cannot be told: the
/// language is null, or the parser gave up.
std::optional<bool> adds_syntax_error(const Language* language, std::string_view before,
                                      std::string_view after);

}  // namespace fathom::completion

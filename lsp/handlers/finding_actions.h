// What can be done about a finding of a review, as code actions.

#pragma once

#include "lsp/document.h"
#include "lsp/json.h"
#include "lsp/protocol.h"
#include "lsp/review_findings.h"

namespace fathom::lsp {

/// Adds what its suggestion does to the text, if it has one, and that nobody wants to see it again.
/// The finding is where it is in the document now. Main thread.
void add_actions_of(const PlacedFinding& finding, const Document& document,
                    const ClientCapabilities& client, Json& actions);

}  // namespace fathom::lsp

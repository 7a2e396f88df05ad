// From a place in a document to what the assistant is asked for there.

#pragma once

#include <string>

#include "completion/assistant.h"
#include "completion/config.h"
#include "lsp/session.h"
#include "lsp/suggestion.h"

namespace fathom::lsp {

/// Whether the settings want suggestions in that language.
bool is_wanted(const completion::Config& settings, const std::string& language);

/// With what the client has open and was at, and as its settings want it. Main thread.
completion::CompletionRequest completion_request(Session& session, const CompletionPlace& place,
                                                 completion::Trigger trigger);

}  // namespace fathom::lsp

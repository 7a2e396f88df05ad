// From a place in a document to what the assistant is asked for there.

#pragma once

#include <string>

#include "completion/assistant.h"
#include "completion/config.h"
#include "engine/base/power.h"
#include "lsp/session.h"
#include "lsp/suggestion.h"

namespace fathom::lsp {

/// Whether the settings want suggestions in that language. `is_on_battery` is only called where it
/// matters.
bool is_wanted(
    const completion::Config& settings, const std::string& language, completion::Trigger trigger,
    bool (*is_on_battery)() = [] { return fathom::is_on_battery(); });

/// With what the client has open and was at, and as its settings want it. Main thread.
completion::CompletionRequest completion_request(Session& session, const CompletionPlace& place,
                                                 completion::Trigger trigger);

}  // namespace fathom::lsp

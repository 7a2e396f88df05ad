// What the commands that ask the model about code share: from arguments to a job, and from an
// answer to a result, a document to look at, and an edit.

#pragma once

#include "lsp/commands.h"
#include "lsp/protocol.h"
#include "lsp/reply.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// Answers at once if the document or the range does not exist (invalid params) or if there is no
/// model (request failed). Main thread; never waits.
void assist(Session& session, const AssistCommand& command, const ExecuteCommandParams& params,
            Reply reply);

/// As assist(), for the edit alone: answers with the action and its edit, or, if there is none,
/// with why (request failed).
void resolve_edit(Session& session, const AssistCommand& command,
                  const CodeActionResolveParams& params, Reply reply);

}  // namespace fathom::lsp

// The command "fathom.review". Main thread; answers when the review has ended.

#pragma once

#include "lsp/protocol.h"
#include "lsp/reply.h"
#include "lsp/session.h"

namespace fathom::lsp {

void review(Session& session, const ExecuteCommandParams& params, Reply reply);

}  // namespace fathom::lsp

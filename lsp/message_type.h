// How urgent a message to the user is: "MessageType" of LSP.

#pragma once

namespace fathom::lsp {

enum class MessageType : int { error = 1, warning = 2, info = 3, log = 4 };

}  // namespace fathom::lsp

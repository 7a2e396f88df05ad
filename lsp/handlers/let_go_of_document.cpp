#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/message_type.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// The protocol has no way to refuse a document: later changes of it are ignored, and requests
/// about it are answered as for one that is not open.
void let_go_of_document(Session& session, const std::string& uri) {
  did_close(session, {.uri = uri});
  const std::string message = fmt::format(
      "fathom: {} is left out: the open documents take more than {} MB together. Close some and "
      "open it again.",
      session.workspace().relative_path(uri), session.documents().max_bytes() >> 20);
  session.log().warning("client {}: too many documents, one is left out", session.options().client);
  session.router().notify("window/showMessage",
                          {{"type", int(MessageType::warning)}, {"message", message}});
}

}  // namespace fathom::lsp

#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// workspace/textDocumentContent (LSP 3.18): a document of ours, as far as it is written.
void text_document_content(Session& session, const TextDocumentContentParams& params, Reply reply) {
  const std::string* text = session.virtual_documents().find(params.uri);
  if (!text)
    return reply.fail(RpcError::invalid_params,
                      fmt::format("there is no {}; only the newest {} are kept", params.uri,
                                  VirtualDocuments::kMaxDocuments));
  reply.ok({{"text", *text}});
}

}  // namespace fathom::lsp

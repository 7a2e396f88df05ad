#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// textDocument/codeAction: one action, a command, which every client can run. It has no kind, so
/// it is not offered where only certain kinds are asked for ("organize imports" and the like).
void code_action(Session& session, const CodeActionParams& params, Reply reply) {
  if (!session.documents().find(params.uri))
    return reply.fail(RpcError::invalid_params, "the document is not open: " + params.uri);
  if (params.only_some_kinds) return reply.ok(Json::array());
  const Json arguments = {{"uri", params.uri}, {"range", to_json(params.range)}, {"show", true}};
  reply.ok(Json::array({{{"title", "Explain with fathom"},
                         {"command", kExplainCommand},
                         {"arguments", Json::array({arguments})}}}));
}

}  // namespace fathom::lsp

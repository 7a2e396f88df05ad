#include <algorithm>

#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {
namespace {

/// `n_reused`: tokens of this piece and those behind it that were found in the KV cache; what this
/// one uses of them is taken off.
Json piece_of(const completion::ContextPiece& piece, const LedgerEntry::Lines& lines,
              int& n_reused) {
  const int reused = std::clamp(n_reused, 0, piece.tokens);
  n_reused -= reused;
  Json json = {{"kind", piece.kind}, {"path", piece.path},     {"begin", piece.begin},
               {"end", piece.end},   {"tokens", piece.tokens}, {"reused", reused}};
  if (lines.first >= 0) json["lines"] = {{"first", lines.first}, {"last", lines.last}};
  return json;
}

}  // namespace

/// fathom/ledger: what the last suggestion of a document was made of; null if there was none.
void ledger(Session& session, const LedgerParams& params, Reply reply) {
  if (!session.documents().find(params.uri))
    return reply.fail(RpcError::invalid_params, "the document is not open: " + params.uri);
  const LedgerEntry* entry = session.ledger().find(params.uri);
  if (!entry) return reply.ok(nullptr);
  const completion::Completion& completion = entry->completion;
  Json pieces = Json::array();
  int n_reused = completion.reused_tokens;
  for (size_t i = 0; i < completion.context.size(); ++i)
    pieces.push_back(piece_of(completion.context[i], entry->lines[i], n_reused));
  reply.ok({{"version", entry->version},
            {"pieces", std::move(pieces)},
            {"stop", completion.stop},
            {"tokens", completion.tokens},
            {"promptTokens", completion.prompt_tokens},
            {"reusedTokens", completion.reused_tokens},
            {"maskedSecrets", completion.masked_secrets},
            {"meanLogprob", completion.mean_logprob},
            {"msFirstToken", completion.ms_first_token},
            {"msTotal", completion.ms_total}});
}

}  // namespace fathom::lsp

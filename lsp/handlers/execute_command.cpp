#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {
namespace {

std::string title_of(const Document& document, const std::optional<Range>& range) {
  if (!range) return "fathom: explaining " + document.path();
  return fmt::format("fathom: explaining {}:{}-{}", document.path(), range->start.line + 1,
                     range->end.line + 1);
}

void explain(Session& session, const ExecuteCommandParams& params, Reply reply) {
  const ExplainArguments& arguments = params.explain;
  const Document* document = session.documents().find(arguments.uri);
  if (!document)
    return reply.fail(RpcError::invalid_params, "the document is not open: " + arguments.uri);

  size_t begin = 0;
  size_t end = document->text().size();
  if (arguments.range) {
    const std::optional<size_t> first = document->offset_of(arguments.range->start);
    const std::optional<size_t> last = document->offset_of(arguments.range->end);
    if (!first || !last || *first > *last)
      return reply.fail(RpcError::invalid_params, "the range is outside the document or reversed");
    begin = *first;
    end = *last;
  }
  const completion::Config& settings = session.settings();
  completion::ExplainRequest request{.snapshot = document->snapshot(),
                                     .begin = begin,
                                     .end = end,
                                     .question = arguments.question,
                                     .max_reasoning_tokens = settings.max_reasoning_tokens,
                                     .max_answer_tokens = settings.max_answer_tokens,
                                     .cancel = {}};
  session.explanations().start(std::move(request),
                               {.title = title_of(*document, arguments.range),
                                .work_done_token = params.work_done_token,
                                .show = arguments.show},
                               std::move(reply));
}

}  // namespace

/// workspace/executeCommand
void execute_command(Session& session, const ExecuteCommandParams& params, Reply reply) {
  if (params.command == kExplainCommand) return explain(session, params, std::move(reply));
  reply.fail(RpcError::invalid_params, "fathom does not know the command " + params.command);
}

}  // namespace fathom::lsp

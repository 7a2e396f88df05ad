#include "lsp/handlers/assist.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "completion/code_block.h"
#include "completion/lines.h"
#include "lsp/json_text.h"
#include "lsp/message_type.h"
#include "lsp/workspace_edit.h"

namespace fathom::lsp {
namespace {

using completion::AssistTask;
using completion::Explanation;

/// What was asked, and of which text.
struct Question {
  AssistCommand command;
  AssistArguments arguments;
  completion::SnapshotPtr snapshot;
  size_t begin = 0;  // bytes of whole lines, the last line's end not included
  size_t end = 0;
  Range range;           // the same
  std::string document;  // uri of ours with the answer; "" if the client cannot look at it
};

std::string title_of(const AssistCommand& command, const Document& document,
                     const std::optional<Range>& range) {
  if (!range) return fmt::format("fathom: {} {}", command.doing, document.path());
  return fmt::format("fathom: {} {}:{}-{}", command.doing, document.path(), range->start.line + 1,
                     range->end.line + 1);
}

void show_message(Session& session, MessageType type, const std::string& message) {
  session.router().notify("window/showMessage", {{"type", int(type)}, {"message", message}});
}

/// The file of the tests beside the file that they test.
std::string test_uri(const std::string& uri) {
  const size_t name = uri.find_last_of('/') + 1;  // 0 if there is no slash
  return uri.substr(0, name) + completion::test_file_name(uri.substr(name));
}

/// The edit that an answer means. Errors: why there is none, for people.
Result<Json> edit_of(Session& session, const Question& question, const Explanation& explanation) {
  const auto refuse = [](std::string_view why) {
    return fail(ErrorCode::invalid_argument, "{}", why);
  };
  ProposedEdit edit = {.uri = question.arguments.uri,
                       .version = question.snapshot->version,
                       .range = question.range,
                       .label = fmt::format("{} with fathom", question.command.title),
                       .description = question.arguments.diagnostic};
  if (question.command.task == AssistTask::write_tests) {
    const std::optional<std::string> tests = completion::code_block(explanation.answer);
    if (!tests) return refuse("the answer holds no whole block of code");
    edit.uri = test_uri(question.arguments.uri);
    edit.text = *tests;
    edit.creates = true;
  } else {
    const Document* document = session.documents().find(question.arguments.uri);
    if (!document || document->snapshot()->text != question.snapshot->text)
      return refuse("the document was changed meanwhile");
    if (!explanation.saw_all)
      return refuse("the model saw only a part of the code: it is too long, or holds credentials");
    const std::string_view original = std::string_view(question.snapshot->text)
                                          .substr(question.begin, question.end - question.begin);
    FATHOM_TRY(text,
               completion::replacement_of(question.command.task, original, explanation.answer));
    edit.version = document->version();
    edit.text = std::move(text);
  }
  std::optional<Json> json = workspace_edit(edit, session.capabilities().edits);
  if (!json) return refuse("the client cannot create files by edits");
  return *std::move(json);
}

void apply(Session& session, const Question& question, Json result, Reply reply) {
  const Json params = {{"label", fmt::format("{} with fathom", question.command.title)},
                       {"edit", result["edit"]}};
  const auto shared = std::make_shared<Reply>(std::move(reply));
  session.router().request_result(
      "workspace/applyEdit", params, [shared, result](const Json* answer) mutable {
        result["applied"] = answer && answer->is_object() && answer->value("applied", false);
        shared->ok(result);
      });
}

void answered(Session& session, const Question& question, const Explanation& explanation,
              Reply reply) {
  Json result = {{"reasoning", explanation.reasoning}, {"answer", explanation.answer}};
  if (!question.document.empty()) result["document"] = question.document;
  const AssistArguments& arguments = question.arguments;
  const AssistTask task = question.command.task;
  if (completion::is_edit(task) || task == AssistTask::write_tests) {
    Result<Json> edit = edit_of(session, question, explanation);
    if (edit) {
      result["edit"] = *std::move(edit);
      if (arguments.apply) return apply(session, question, std::move(result), std::move(reply));
    } else {
      result["editProblem"] = edit.error().message;
      if (arguments.show)
        show_message(session, MessageType::warning, "fathom: no edit: " + edit.error().message);
    }
  }
  if (arguments.show && question.document.empty())
    show_message(session, MessageType::info, explanation.answer);
  reply.ok(result);
}

/// A document that grows with the answer, shown at once if the user waits for it.
std::string open_document(Session& session, const std::string& title,
                          const AssistArguments& arguments) {
  if (!session.capabilities().has_text_document_content) return {};
  const std::string uri = session.virtual_documents().add(fmt::format("# {}\n", title));
  if (arguments.show && session.capabilities().has_show_document)
    session.router().request("window/showDocument", {{"uri", uri}, {"takeFocus", false}},
                             [](bool) {});
  return uri;
}

/// Writes the pieces of an answer into its document, a heading before each channel.
ExplainJobs::OnDelta writer_into(Session& session, const std::string& uri) {
  if (uri.empty()) return {};
  return [&session, uri, last = std::optional<completion::Channel>()](
             completion::Channel channel, std::string_view delta) mutable {
    VirtualDocuments& documents = session.virtual_documents();
    if (std::exchange(last, channel) != channel) {
      const bool reasons = channel == completion::Channel::reasoning;
      documents.append(uri, reasons ? "\n## Reasoning\n\n" : "\n\n## Answer\n\n");
    }
    documents.append(uri, delta);
  };
}

using OnAnswer =
    std::function<void(const Question& question, const Explanation& explanation, Reply reply)>;

struct Order {
  const AssistCommand& command;
  const AssistArguments& arguments;
  std::optional<RequestId> work_done_token;
  bool may_create_token = false;
  bool has_document = false;  // a document with the answer, if the client can look at it
};

/// Fails at once if the document or the range does not exist, else asks the model.
void ask(Session& session, const Order& order, OnAnswer on_answer, Reply reply) {
  const AssistCommand& command = order.command;
  const AssistArguments& arguments = order.arguments;
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

  const std::string_view text = document->text();
  const size_t line_begin = completion::line_start(text, begin);
  const size_t line_end = completion::line_end(text, end > begin ? end - 1 : end);
  const std::string title = title_of(command, *document, arguments.range);
  const Question question = {
      .command = command,
      .arguments = arguments,
      .snapshot = document->snapshot(),
      .begin = line_begin,
      .end = line_end,
      .range = {.start = document->position_of(line_begin), .end = document->position_of(line_end)},
      .document = order.has_document ? open_document(session, title, arguments) : ""};
  const completion::Config& settings = session.settings();
  const bool is_fix = command.task == AssistTask::fix;
  completion::ExplainRequest request{
      .snapshot = question.snapshot,
      .begin = begin,
      .end = end,
      .question =
          completion::question_of(command.task, is_fix ? arguments.diagnostic : arguments.question),
      .max_reasoning_tokens = settings.max_reasoning_tokens,
      .max_answer_tokens = settings.max_answer_tokens,
      .cancel = {}};
  session.explanations().start(
      std::move(request),
      {.title = title,
       .work_done_token = order.work_done_token,
       .may_create_token = order.may_create_token && session.capabilities().has_work_done_progress,
       .on_delta = writer_into(session, question.document),
       .on_end = [&session, uri = question.document] { session.virtual_documents().finish(uri); },
       .on_answer = [question, on_answer = std::move(on_answer)](
                        const Explanation& explanation,
                        Reply open) { on_answer(question, explanation, std::move(open)); }},
      std::move(reply));
}

}  // namespace

void assist(Session& session, const AssistCommand& command, const ExecuteCommandParams& params,
            Reply reply) {
  ask(
      session,
      {.command = command,
       .arguments = params.assist,
       .work_done_token = params.work_done_token,
       .may_create_token = params.assist.show,
       .has_document = true},
      [&session](const Question& question, const Explanation& explanation, Reply open) {
        answered(session, question, explanation, std::move(open));
      },
      std::move(reply));
}

void resolve_edit(Session& session, const AssistCommand& command,
                  const CodeActionResolveParams& params, Reply reply) {
  ask(
      session,
      {.command = command,
       .arguments = params.assist,
       .work_done_token = {},
       .may_create_token = true},
      [&session, json = params.json](const Question& question, const Explanation& explanation,
                                     Reply open) {
        Result<Json> edit = edit_of(session, question, explanation);
        if (!edit) return open.fail(RpcError::request_failed, "no edit: " + edit.error().message);
        Json action = parse_json(json);
        action["edit"] = *std::move(edit);
        open.ok(action);
      },
      std::move(reply));
}

}  // namespace fathom::lsp

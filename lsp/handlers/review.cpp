#include "lsp/handlers/review.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "completion/review/report_parts.h"
#include "lsp/message_type.h"
#include "lsp/uri.h"

namespace fathom::lsp {
namespace {

using completion::ChangeRequest;

ChangeRequest::Kind kind_of(std::string_view scope) {
  if (scope == "staged") return ChangeRequest::Kind::staged;
  if (scope == "branch") return ChangeRequest::Kind::base;
  return ChangeRequest::Kind::working_tree;
}

Json to_json(const ReviewFindings::Item& item) {
  const completion::Finding& about = item.finding.about;
  return {{"uri", item.uri},
          {"range", to_json(item.finding.range)},
          {"severity", completion::severity_name(about.severity)},
          {"category", about.category},
          {"title", title_of(item.finding)},
          {"message", about.message},
          {"confidence", about.confidence},
          {"fingerprint", about.fingerprint},
          {"hasFix", about.suggestion.has_value()}};
}

/// "2 findings in 3 changed files; not all was reviewed"
std::string summary_of(size_t n_findings, const ReviewOutcome& outcome) {
  if (outcome.n_files == 0 && outcome.unreviewed.empty()) return "nothing has changed";
  std::string summary =
      fmt::format("{} in {}",
                  n_findings == 0 ? "no findings"
                                  : completion::counted(static_cast<int>(n_findings), "finding"),
                  completion::counted(outcome.n_files, "changed file"));
  if (!outcome.is_complete) summary += "; not all was reviewed";
  return summary;
}

Json result_of(const Session& session, const ReviewOutcome& outcome) {
  Json findings = Json::array();
  for (const PlacedFinding& finding : outcome.findings) {
    // Where it is now; not those that were edited away or dismissed meanwhile.
    if (const auto item = session.findings().find(finding.about.fingerprint))
      findings.push_back(to_json(*item));
  }
  Json not_reviewed = Json::array();
  for (const completion::Unreviewed& left_out : outcome.unreviewed) {
    not_reviewed.push_back({{"path", completion::place_in_words(left_out.path, left_out.lines)},
                            {"reason", left_out.reason}});
  }
  return {{"summary", summary_of(findings.size(), outcome)},
          {"findings", std::move(findings)},
          {"notReviewed", std::move(not_reviewed)},
          {"complete", outcome.is_complete}};
}

void show(Session& session, MessageType type, std::string_view what) {
  session.router().notify("window/showMessage",
                          {{"type", int(type)}, {"message", fmt::format("fathom: {}", what)}});
}

}  // namespace

void review(Session& session, const ExecuteCommandParams& params, Reply reply) {
  const ReviewArguments& arguments = params.review;
  const completion::Config& settings = session.settings();
  session.reviews().start(
      {.place = arguments.uri.empty() ? session.workspace().first() : path_of_uri(arguments.uri),
       .scope = kind_of(arguments.scope),
       .base = arguments.base,
       .encoding = session.client().encoding,
       .options = {.max_reasoning_tokens = settings.max_reasoning_tokens}},
      {.client = session.options().client,
       .work_done_token = params.work_done_token,
       .may_create_token = arguments.show && session.capabilities().has_work_done_progress,
       .on_done =
           [&session, shows = arguments.show](const Result<ReviewOutcome>& outcome, Reply open) {
             if (outcome) {
               const Json result = result_of(session, *outcome);
               if (shows) show(session, MessageType::info, result["summary"].get<std::string>());
               return open.ok(result);
             }
             const bool cancelled = outcome.error().code == ErrorCode::cancelled;
             if (shows && !cancelled) show(session, MessageType::error, outcome.error().message);
             open.fail(cancelled ? RpcError::request_cancelled : RpcError::request_failed,
                       outcome.error().message);
           }},
      std::move(reply));
}

}  // namespace fathom::lsp

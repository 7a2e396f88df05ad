#include "lsp/handlers/completion_request.h"

#include <cstdint>

#include <fmt/format.h>

namespace fathom::lsp {
namespace {

constexpr size_t kMaxOpen = 12;  // documents that the model may be shown something of

/// The workspace, and what else the person has open and was at.
void add_other_files(Session& session, const std::string& uri,
                     completion::CompletionRequest& request) {
  request.root = session.workspace().root_of(uri);
  for (const std::string& other : session.history().documents()) {
    if (request.open.size() == kMaxOpen) break;
    const Document* document = other == uri ? nullptr : session.documents().find(other);
    if (document) request.open.push_back(document->snapshot());
  }
  for (const History::Region& region : session.history().regions()) {
    const Document* document = region.uri == uri ? nullptr : session.documents().find(region.uri);
    if (!document) continue;
    const auto offset = [&](size_t line) {
      return document->offset_of({.line = static_cast<uint32_t>(line)})
          .value_or(document->text().size());
    };
    request.recent.push_back({.snapshot = document->snapshot(),
                              .begin = offset(region.begin),
                              .end = offset(region.end)});
  }
}

}  // namespace

bool is_wanted(const completion::Config& settings, const std::string& language,
               completion::Trigger trigger, bool (*is_on_battery)()) {
  const bool is_disabled =
      fmt::format(" {} ", settings.disabled_languages).find(fmt::format(" {} ", language)) !=
      std::string::npos;
  if (!settings.suggest || is_disabled) return false;
  return trigger == completion::Trigger::invoked || settings.suggest_on_battery || !is_on_battery();
}

completion::CompletionRequest completion_request(Session& session, const CompletionPlace& place,
                                                 completion::Trigger trigger) {
  const completion::Config& settings = session.settings();
  completion::CompletionRequest request{.snapshot = place.snapshot,
                                        .cursor = place.cursor,
                                        .trigger = trigger,
                                        .max_tokens = settings.max_completion_tokens,
                                        .max_lines = settings.max_completion_lines,
                                        .min_confidence = settings.min_confidence,
                                        .cancel = {}};
  if (settings.cross_file) add_other_files(session, place.snapshot->uri, request);
  return request;
}

}  // namespace fathom::lsp

#include "lsp/handlers/finding_actions.h"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lsp/commands.h"
#include "lsp/workspace_edit.h"

namespace fathom::lsp {
namespace {

constexpr const char* kDismiss = "Dismiss this finding";

/// Whole lines with their ends, as far as the text has them.
std::optional<Json> edit_of(const PlacedFinding& finding, const Document& document,
                            EditSupport support) {
  ProposedEdit edit = {.uri = document.uri(),
                       .version = document.version(),
                       .range = finding.range,
                       .text = finding.about.suggestion->replacement,
                       .label = {},
                       .description = {}};
  const Position next{.line = finding.range.end.line + 1};
  if (edit.text.empty() || edit.text.ends_with('\n')) {
    if (document.offset_of(next)) {
      edit.range.end = next;
    } else if (!edit.text.empty()) {
      edit.text.pop_back();
      if (edit.text.ends_with('\r')) edit.text.pop_back();
    }
  }
  support.annotations = false;  // who chose it has seen what it does
  return workspace_edit(edit, support);
}

}  // namespace

void add_actions_of(const PlacedFinding& finding, const Document& document,
                    const ClientCapabilities& client, Json& actions) {
  Json dismiss = {
      {"title", kDismiss},
      {"command", kDismissFindingCommand},
      {"arguments",
       Json::array({{{"uri", document.uri()}, {"fingerprint", finding.about.fingerprint}}})}};
  if (!client.has_code_action_literals) return actions.push_back(std::move(dismiss));

  const Json diagnostics = Json::array({diagnostic_of(finding)});
  if (finding.about.suggestion) {
    if (std::optional<Json> edit = edit_of(finding, document, client.edits)) {
      actions.push_back({{"title", fmt::format("Apply fathom's suggestion: {}", title_of(finding))},
                         {"kind", "quickfix"},
                         {"isPreferred", true},
                         {"diagnostics", diagnostics},
                         {"edit", *std::move(edit)}});
    }
  }
  actions.push_back({{"title", kDismiss},
                     {"kind", "quickfix"},
                     {"diagnostics", diagnostics},
                     {"command", std::move(dismiss)}});
}

}  // namespace fathom::lsp

#include "lsp/workspace_edit.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/protocol.h"

namespace fathom::lsp {
namespace {

constexpr const char* kAnnotation = "fathom";

}  // namespace

std::optional<Json> workspace_edit(const ProposedEdit& edit, const EditSupport& support) {
  Json text_edit = {{"range", to_json(edit.creates ? Range() : edit.range)},
                    {"newText", edit.text}};
  if (!support.document_changes) {
    if (edit.creates) return std::nullopt;
    return Json{{"changes", {{edit.uri, Json::array({std::move(text_edit)})}}}};
  }
  if (edit.creates && !support.create) return std::nullopt;

  Json changes = Json::array();
  if (edit.creates) {
    Json create = {{"kind", "create"},
                   {"uri", edit.uri},
                   {"options", {{"overwrite", false}, {"ignoreIfExists", false}}}};
    if (support.annotations) create["annotationId"] = kAnnotation;
    changes.push_back(std::move(create));
  }
  if (support.annotations) text_edit["annotationId"] = kAnnotation;
  const Json version = edit.creates ? Json() : Json(edit.version);
  changes.push_back({{"textDocument", {{"uri", edit.uri}, {"version", version}}},
                     {"edits", Json::array({std::move(text_edit)})}});
  Json result = {{"documentChanges", std::move(changes)}};
  if (support.annotations) {
    result["changeAnnotations"] = {
        {kAnnotation,
         {{"label", edit.label}, {"description", edit.description}, {"needsConfirmation", true}}}};
  }
  return result;
}

}  // namespace fathom::lsp

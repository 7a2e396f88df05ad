#include <string_view>

#include <nlohmann/json.hpp>

#include "lsp/handlers/ask_for_completion.h"
#include "lsp/handlers/handlers.h"

namespace fathom::lsp {
namespace {

constexpr int kAsIs = 1;       // InsertTextMode: Neovim re-indents the lines otherwise
constexpr int kPlainText = 1;  // InsertTextFormat
constexpr int kTextKind = 1;   // CompletionItemKind
constexpr std::string_view kMore = " ...";

std::string first_line(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return "...";
  const size_t end = text.find('\n', begin);
  std::string line(text.substr(begin, end == std::string_view::npos ? end : end - begin));
  if (end != std::string_view::npos) line += kMore;
  return line;
}

std::string_view text_before_cursor(const CompletionPlace& place, const Suggestion& suggestion) {
  const std::string_view line = std::string_view(place.snapshot->text)
                                    .substr(place.line_begin, place.cursor - place.line_begin);
  return line.substr(offset_of_units(line, suggestion.range.start.character, place.encoding));
}

/// Always incomplete: the suggestion belongs to this position, the next key asks again.
Json completion_list(const CompletionPlace& place, const std::optional<Suggestion>& suggestion) {
  Json items = Json::array();
  if (suggestion) {
    // Menus match an item against the text that its edit replaces up to the cursor.
    const std::string typed(text_before_cursor(place, *suggestion));
    items.push_back({
        {"label", first_line(suggestion->text)},
        {"kind", kTextKind},
        {"detail", "fathom"},
        {"documentation", {{"kind", "plaintext"}, {"value", suggestion->text}}},
        {"filterText", typed.empty() ? suggestion->text : typed},
        {"insertTextFormat", kPlainText},
        {"insertTextMode", kAsIs},
        {"textEdit", {{"range", to_json(suggestion->range)}, {"newText", suggestion->text}}},
        {"command", accept_command(*suggestion)},
    });
  }
  return {{"isIncomplete", true}, {"items", std::move(items)}};
}

}  // namespace

/// textDocument/completion, for clients without inline completion: the same suggestion as one
/// entry of the menu. Counts as automatic: most clients ask while the user types, and say
/// "invoked".
void completion(Session& session, const CompletionParams& params, Reply reply) {
  ask_for_completion(session,
                     {.uri = params.uri,
                      .position = params.position,
                      .trigger = completion::Trigger::automatic,
                      .selected = {}},
                     completion_list, std::move(reply));
}

}  // namespace fathom::lsp

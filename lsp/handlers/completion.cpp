#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "completion/lines.h"
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
Json completion_list(const CompletionPlace& place, std::span<const Suggestion> suggestions) {
  Json items = Json::array();
  for (const Suggestion& suggestion : suggestions) {
    // Menus match an item against the text that its edit replaces up to the cursor.
    const std::string typed(text_before_cursor(place, suggestion));
    items.push_back({
        {"label", first_line(suggestion.text)},
        {"kind", kTextKind},
        {"detail", "fathom"},
        {"documentation", {{"kind", "plaintext"}, {"value", suggestion.text}}},
        {"filterText", typed.empty() ? suggestion.text : typed},
        {"sortText", std::to_string(items.size())},
        {"insertTextFormat", kPlainText},
        {"insertTextMode", kAsIs},
        {"textEdit", {{"range", to_json(suggestion.range)}, {"newText", suggestion.text}}},
        {"command", accept_command(suggestion)},
    });
  }
  return {{"isIncomplete", true}, {"items", std::move(items)}};
}

/// Clients say "invoked" for what a person asks for, and for what they ask by themselves while an
/// identifier is typed.
bool is_by_hand(Session& session, const CompletionParams& params) {
  const Document* document = session.documents().find(params.uri);
  const std::optional<size_t> cursor =
      document && params.invoked ? document->offset_of(params.position) : std::nullopt;
  return cursor && (*cursor == 0 || !completion::is_word_byte(document->text()[*cursor - 1]));
}

}  // namespace

/// textDocument/completion, for clients without inline completion: the same suggestions as entries
/// of the menu.
void completion(Session& session, const CompletionParams& params, Reply reply) {
  const bool by_hand = is_by_hand(session, params);
  ask_for_completion(
      session,
      {.uri = params.uri,
       .position = params.position,
       .trigger = by_hand ? completion::Trigger::invoked : completion::Trigger::automatic,
       .n = by_hand ? kWhenInvoked : 1,
       .selected = {}},
      completion_list, std::move(reply));
}

}  // namespace fathom::lsp

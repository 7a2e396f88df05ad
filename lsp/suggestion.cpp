#include "lsp/suggestion.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace fathom::lsp {
namespace {

/// Bytes [begin, end) of the snapshot become `text`.
struct Edit {
  size_t begin = 0;
  size_t end = 0;
  std::string text;
};

std::string_view slice(const CompletionPlace& place, size_t begin, size_t end) {
  return std::string_view(place.snapshot->text).substr(begin, end - begin);
}

std::string with_newlines_only(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  return out;
}

void extend_to_end_of_line(const CompletionPlace& place, Edit& edit) {
  edit.text += slice(place, edit.end, place.line_end);
  edit.end = place.line_end;
}

size_t offset_in_line(const CompletionPlace& place, Position position) {
  return place.line_begin + offset_of_units(slice(place, place.line_begin, place.line_end),
                                            position.character, place.encoding);
}

/// The same edit with the selected entry's range, if it keeps the entry's text.
std::optional<Edit> fit_to(const CompletionPlace& place, const SelectedCompletion& selected,
                           const Edit& edit) {
  if (selected.range.start.line != place.line || selected.range.end.line != place.line)
    return std::nullopt;
  const size_t begin = offset_in_line(place, selected.range.start);
  const size_t end = offset_in_line(place, selected.range.end);
  if (begin > place.cursor || edit.end > end) return std::nullopt;

  std::string text = edit.text + std::string(slice(place, edit.end, end));
  if (begin <= edit.begin) {
    text.insert(0, slice(place, begin, edit.begin));
  } else {
    const std::string_view kept = slice(place, edit.begin, begin);
    if (!text.starts_with(kept)) return std::nullopt;
    text.erase(0, kept.size());
  }
  if (!text.starts_with(selected.text)) return std::nullopt;
  return Edit{.begin = begin, .end = end, .text = std::move(text)};
}

/// Nothing if it is no edit of the cursor's line, or none that is seen.
std::optional<Suggestion> make_suggestion(const CompletionPlace& place, Edit edit,
                                          const std::optional<SelectedCompletion>& selected) {
  const bool is_on_line = place.line_begin <= edit.begin && edit.begin <= place.cursor &&
                          place.cursor <= edit.end && edit.end <= place.line_end;
  if (!is_on_line || edit.text.empty()) return std::nullopt;

  if (edit.text.find('\n') != std::string::npos) extend_to_end_of_line(place, edit);
  if (selected) {
    std::optional<Edit> fitted = fit_to(place, *selected, edit);
    if (!fitted) return std::nullopt;
    edit = std::move(*fitted);
  }
  if (edit.text == slice(place, edit.begin, edit.end)) return std::nullopt;

  const auto position = [&](size_t offset) {
    return Position{
        .line = place.line,
        .character = uint32_t(count_units(slice(place, place.line_begin, offset), place.encoding))};
  };
  return Suggestion{.range = {.start = position(edit.begin), .end = position(edit.end)},
                    .text = std::move(edit.text),
                    .begin = edit.begin,
                    .end = edit.end};
}

}  // namespace

std::optional<CompletionPlace> make_place(const Document& document, Position position,
                                          PositionEncoding encoding) {
  const std::optional<size_t> cursor = document.offset_of(position);
  if (!cursor) return std::nullopt;
  return CompletionPlace{.snapshot = document.snapshot(),
                         .cursor = *cursor,
                         .line = position.line,
                         .line_begin = *document.offset_of({.line = position.line}),
                         .line_end = document.end_of_line(*cursor),
                         .encoding = encoding};
}

std::vector<Suggestion> make_suggestions(const CompletionPlace& place,
                                         const completion::Completion& completion,
                                         const std::optional<SelectedCompletion>& selected) {
  std::vector<Suggestion> suggestions;
  const auto add = [&](const auto& made) {
    const std::optional<Suggestion> suggestion =
        make_suggestion(place,
                        {.begin = made.replace_begin,
                         .end = made.replace_end,
                         .text = with_newlines_only(made.text)},
                        selected);
    if (suggestion &&
        std::ranges::find(suggestions, suggestion->text, &Suggestion::text) == suggestions.end())
      suggestions.push_back(*suggestion);
  };
  add(completion);
  std::ranges::for_each(completion.alternatives, add);
  return suggestions;
}

}  // namespace fathom::lsp

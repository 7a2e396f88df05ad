#include "completion/review/anchor.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "completion/lines.h"

namespace fathom::completion {
namespace {

/// A part of a line with fewer bytes says too little about where it is from.
constexpr size_t kMinPartBytes = 8;

using Same = std::function<bool(std::string_view line, std::string_view quoted)>;

/// Blanks at the ends do not count, and others are all the same.
std::string with_plain_blanks(std::string_view text) {
  std::string plain;
  for (const char c : trim(text)) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank) {
      plain += c;
    } else if (plain.back() != ' ') {
      plain += ' ';
    }
  }
  return plain;
}

/// Without blank lines around it, and without CR.
std::vector<std::string_view> lines_of_quote(std::string_view quote) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin < quote.size(); begin = next_line(quote, begin)) {
    lines.push_back(quote.substr(begin, line_end(quote, begin) - begin));
  }
  while (!lines.empty() && is_blank(lines.back())) lines.pop_back();
  const auto first = std::ranges::find_if_not(lines, is_blank);
  lines.erase(lines.begin(), first);
  return lines;
}

/// Indices of `lines` at which the quote begins.
std::vector<size_t> places_of(std::span<const ShownLine* const> lines,
                              std::span<const std::string_view> quote, const Same& same) {
  std::vector<size_t> places;
  for (size_t begin = 0; begin + quote.size() <= lines.size(); ++begin) {
    size_t n = 0;
    while (n < quote.size() &&
           lines[begin + n]->number == lines[begin]->number + static_cast<int>(n) &&
           same(lines[begin + n]->text, quote[n])) {
      ++n;
    }
    if (n == quote.size()) places.push_back(begin);
  }
  return places;
}

std::string missing_indent(std::string_view line, std::string_view quoted) {
  const size_t at = line.find(trim(quoted));
  const std::string_view indent = line.substr(0, at);
  const std::string_view given = quoted.substr(0, quoted.find(trim(quoted)));
  return indent.ends_with(given) ? std::string(indent.substr(0, indent.size() - given.size())) : "";
}

}  // namespace

tl::expected<Anchor, NoAnchor> find_anchor(std::span<const ShownLine> shown, std::string_view quote,
                                           int line) {
  const std::vector<std::string_view> quoted = lines_of_quote(quote);
  if (quoted.empty()) return tl::unexpected(NoAnchor::not_found);
  std::vector<const ShownLine*> lines;  // of the new side
  for (const ShownLine& candidate : shown)
    if (candidate.number > 0) lines.push_back(&candidate);

  const Same exact = std::equal_to<>();
  const Same alike = [](std::string_view a, std::string_view b) {
    return with_plain_blanks(a) == with_plain_blanks(b);
  };
  const Same part = [](std::string_view a, std::string_view b) {
    return a.find(trim(b)) != std::string_view::npos;
  };
  std::vector<size_t> places = places_of(lines, quoted, exact);
  if (places.empty()) places = places_of(lines, quoted, alike);
  const bool is_whole = !places.empty();
  if (places.empty() && quoted.size() == 1 && trim(quoted[0]).size() >= kMinPartBytes) {
    places = places_of(lines, quoted, part);
  }
  if (places.size() > 1) {
    std::erase_if(places, [&](size_t place) { return lines[place]->number != line; });
  }
  if (places.size() != 1) return tl::unexpected(NoAnchor::not_found);

  const auto found = std::span(lines).subspan(places[0], quoted.size());
  const bool is_added =
      std::ranges::any_of(found, [](const ShownLine* l) { return l->is_added && l->is_in_hunk; });
  if (!is_added) return tl::unexpected(NoAnchor::not_added);
  const bool is_cut = std::ranges::any_of(found, &ShownLine::is_cut);
  return Anchor{.lines = {found.front()->number, found.back()->number},
                .is_whole = is_whole && !is_cut,
                .missing_indent = missing_indent(found.front()->text, quoted.front())};
}

}  // namespace fathom::completion

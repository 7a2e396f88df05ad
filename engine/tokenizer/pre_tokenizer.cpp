#include "engine/tokenizer/pre_tokenizer.h"

#include <algorithm>

#include "engine/base/text.h"

namespace fathom::engine {
namespace {

struct Span {
  size_t begin;
  size_t end;
  bool is_match;
};

/// Where the character at `at` ends.
size_t next_character(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  return at;
}

/// Calls visit(Span) for the matches of `regex` and what lies between them. Empty matches and
/// empty gaps are left out.
template <class Visit>
void visit_spans(const Regex& regex, std::string_view text, const Visit& visit) {
  size_t done = 0;
  size_t from = 0;
  while (from < text.size()) {
    const auto match = regex.find(text, from);
    if (!match) break;
    if (match->begin == match->end) {
      from = next_character(text, match->end);
      continue;
    }
    if (match->begin > done) visit(Span{done, match->begin, false});
    visit(Span{match->begin, match->end, true});
    done = from = match->end;
  }
  if (done < text.size()) visit(Span{done, text.size(), false});
}

/// Whether `after` continues `before` rather than begin a piece.
bool joins(const Span& before, const Span& after, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::isolated:
      return false;
    case SplitBehavior::merged_with_previous:
      return after.is_match && !before.is_match;
    case SplitBehavior::merged_with_next:
      return before.is_match && !after.is_match;
    case SplitBehavior::contiguous:
      return before.is_match == after.is_match;
  }
  return false;
}

}  // namespace

void PreTokenizer::split(std::string_view text, const Emit& emit) const {
  while (!text.empty()) {
    const size_t valid = valid_prefix(text);
    if (valid > 0) apply(0, text.substr(0, valid), emit);
    text.remove_prefix(valid);
    if (text.empty()) return;
    emit(text.substr(0, 1));
    text.remove_prefix(1);
  }
}

void PreTokenizer::apply(size_t step, std::string_view text, const Emit& emit) const {
  if (step == splits_.size()) return emit(text);
  if (splits_[step].behavior == SplitBehavior::isolated)
    apply_isolated(step, text, emit);
  else
    apply_merged(step, text, emit);
}

void PreTokenizer::apply_isolated(size_t step, std::string_view text, const Emit& emit) const {
  visit_spans(splits_[step].pattern, text, [&](const Span& span) {
    apply(step + 1, text.substr(span.begin, span.end - span.begin), emit);
  });
}

void PreTokenizer::apply_merged(size_t step, std::string_view text, const Emit& emit) const {
  const Split& split = splits_[step];
  Span piece{0, 0, false};   // collected so far
  Span before{0, 0, false};  // the last span in it
  visit_spans(split.pattern, text, [&](Span span) {
    span.is_match ^= split.invert;
    if (piece.end > 0 && !joins(before, span, split.behavior)) {
      apply(step + 1, text.substr(piece.begin, piece.end - piece.begin), emit);
      piece.begin = span.begin;
    }
    piece.end = span.end;
    before = span;
  });
  if (piece.end > piece.begin)
    apply(step + 1, text.substr(piece.begin, piece.end - piece.begin), emit);
}

}  // namespace fathom::engine

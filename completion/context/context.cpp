#include "completion/context/context.h"

#include <algorithm>

#include "completion/context/select_outline.h"
#include "completion/context/window.h"
#include "completion/lines.h"

namespace fathom::completion {
namespace {

using engine::TokenId;
using engine::Tokenizer;

// A share of the budget for the code behind the cursor. Real models gain little beyond 256 tokens
// of it, and a change of the prefix costs it all again, since it follows the prefix.
constexpr int kSuffixShare = 7;
constexpr int kMaxSuffixTokens = 256;
constexpr int kOutlineShare = 5;

struct Room {
  int prefix = 0;  // tokens
  int outline = 0;
  int suffix = 0;
};

Room divide(int max_tokens, int path_tokens) {
  Room room;
  room.suffix = std::min(max_tokens / kSuffixShare, kMaxSuffixTokens);
  room.prefix = std::max(max_tokens - path_tokens - room.suffix, 0);
  room.outline = room.prefix / kOutlineShare;
  return room;
}

class Gatherer final {
 public:
  Gatherer(const Snapshot& snapshot, size_t cursor, Outliner* outliner, const Tokenizer& tokenizer)
      : snapshot_(snapshot),
        text_(snapshot.text),
        cursor_(cursor),
        outliner_(outliner),
        tokenizer_(tokenizer) {}

  Context gather(const ContextOptions& options) {
    add_to_head("path", 0, 0, options.path_line);
    const Room room = divide(options.max_tokens, static_cast<int>(context_.head.size()));
    add_prefix(room);
    add_suffix(room.suffix);
    return std::move(context_);
  }

 private:
  void add_prefix(const Room& room) {
    const size_t max_bytes = static_cast<size_t>(room.prefix) * kBytesPerToken;
    // A line that could fill half of the window, at a byte a token, is treated as if it had line
    // ends.
    size_t anchor = line_start(text_, cursor_);
    const size_t step = std::max<size_t>(static_cast<size_t>(room.prefix) / 2, 1);
    anchor = std::min(next_character(text_, anchor + (cursor_ - anchor) / step * step), cursor_);

    std::vector<TokenId> window;
    size_t begin = window_begin(text_, anchor, max_bytes);
    if (begin == 0) window = tokenizer_.encode(to_lf(text_.substr(0, anchor)));
    int room_for_window = room.prefix;
    if (begin > 0 || static_cast<int>(window.size()) > room_for_window) {
      room_for_window -= room.outline;
      size_t bytes = static_cast<size_t>(room_for_window) * kBytesPerToken;
      do {
        begin = window_begin(text_, anchor, bytes);
        window = tokenizer_.encode(to_lf(text_.substr(begin, anchor - begin)));
        bytes /= 2;
      } while (static_cast<int>(window.size()) > room_for_window && bytes > 0);
      add_outline(begin, room.outline);
    }
    add_piece("prefix", begin, anchor, window.size());
    context_.head.insert(context_.head.end(), window.begin(), window.end());
    context_.line = to_lf(text_.substr(anchor, cursor_ - anchor));
    add_piece("line", anchor, cursor_, tokenizer_.encode(context_.line).size());
  }

  void add_outline(size_t head_end, int max_tokens) {
    if (!outliner_ || head_end == 0 || text_[head_end - 1] != '\n') return;
    const std::string_view head = text_.substr(0, head_end);
    const auto& items = outliner_->outline(head, indent_text_at(head_end));
    for (const OutlineItem* item : select_outline(items, tokenizer_, max_tokens)) {
      add_to_head(kind_name(item->kind), item->begin, item->end, item->text);
    }
  }

  static std::string_view kind_name(OutlineItem::Kind kind) {
    switch (kind) {
      case OutlineItem::Kind::import:
        return "import";
      case OutlineItem::Kind::scope:
        return "scope";
      case OutlineItem::Kind::declaration:
        return "declaration";
    }
    return "";
  }

  /// The indentation of the first line at or behind `offset` that is not blank.
  std::string_view indent_text_at(size_t offset) const {
    const size_t first = text_.find_first_not_of(" \t\r\n", offset);
    if (first == std::string_view::npos) return {};
    const size_t start = std::max(line_start(text_, first), offset);
    return text_.substr(start, first - start);
  }

  /// Brackets that close behind the cursor are left to the model: editors put them there while an
  /// argument is typed and take them away again, and each time the whole suffix would be new.
  size_t suffix_begin() const {
    const size_t end = line_end(text_, cursor_);
    const std::string_view rest = text_.substr(cursor_, end - cursor_);
    return std::ranges::all_of(rest, is_left_to_model) ? end : cursor_;
  }

  static bool is_left_to_model(char byte) {
    return is_closer(byte) || byte == ';' || byte == ',' || byte == ' ' || byte == '\t';
  }

  void add_suffix(int max_tokens) {
    const size_t begin = suffix_begin();
    TokenWindow window = window_of_tokens(text_, begin, tokenizer_, max_tokens);
    add_piece("suffix", begin, window.end, window.tokens.size());
    context_.suffix = std::move(window.tokens);
  }

  void add_to_head(std::string_view kind, size_t begin, size_t end, std::string_view text) {
    if (text.empty()) return;
    const std::vector<TokenId> tokens = tokenizer_.encode(text);
    context_.head.insert(context_.head.end(), tokens.begin(), tokens.end());
    add_piece(kind, begin, end, tokens.size());
  }

  void add_piece(std::string_view kind, size_t begin, size_t end, size_t n_tokens) {
    if (n_tokens == 0) return;
    context_.pieces.push_back({.kind = std::string(kind),
                               .path = snapshot_.path,
                               .begin = begin,
                               .end = end,
                               .tokens = static_cast<int>(n_tokens)});
  }

  const Snapshot& snapshot_;
  const std::string_view text_;
  const size_t cursor_;
  Outliner* const outliner_;
  const Tokenizer& tokenizer_;
  Context context_;
};

}  // namespace

Context gather_context(const Snapshot& snapshot, size_t cursor, Outliner* outliner,
                       const Tokenizer& tokenizer, const ContextOptions& options) {
  return Gatherer(snapshot, cursor, outliner, tokenizer).gather(options);
}

}  // namespace fathom::completion

#include "completion/context/choose_pieces.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "completion/context/near_names.h"
#include "completion/context/window.h"
#include "completion/lines.h"
#include "completion/workspace/terms.h"

namespace fathom::completion {
namespace {

constexpr float kMaxShared = 0.5f;  // of a text's lines; llama.vim drops such chunks, too

// Shares of the budget, in the order in which they are dealt. What one leaves goes to the next;
// declarations that nobody named get what is left in the end.
constexpr int kNamedPercent = 70;
constexpr int kRecentPercent = 25;
constexpr int kSimilarPercent = 30;

// Too long for the room that is left; each was tokenised in vain, and a package may have thousands.
constexpr int kMaxMisses = 16;

constexpr size_t kMaxSimilar = 3;
constexpr size_t kSearched = 12;     // of which some are near the cursor, or shown already
constexpr float kMinSimilar = 8.0f;  // BM25; Tabby's threshold
constexpr size_t kMaxChunkBytes = 900;
constexpr size_t kMaxRegionBytes = 1200;

constexpr std::array<std::string_view, 5> kOrder = {"import_decl", "symbol", "open", "similar",
                                                    "recent"};

size_t order_of(std::string_view kind) {
  return static_cast<size_t>(std::find(kOrder.begin(), kOrder.end(), kind) - kOrder.begin());
}

class Chooser final {
 public:
  Chooser(const PieceQuery& query, const FilesAtHand& files, const engine::Tokenizer& tokenizer)
      : query_(query), files_(files), tokenizer_(tokenizer), left_(query.max_tokens) {}

  std::vector<ChosenPiece> choose() {
    const std::vector<Candidate> candidates = declaration_candidates(query_.candidates, files_);
    take_declarations(candidates, kNamedScore, percent(kNamedPercent));
    take_recent(percent(kRecentPercent));
    take_similar(percent(kSimilarPercent));
    take_declarations(candidates, 0, left_);
    std::sort(chosen_.begin(), chosen_.end(), [](const ChosenPiece& a, const ChosenPiece& b) {
      return std::tuple(order_of(a.piece.kind), a.piece.file->path, a.piece.begin, a.piece.end) <
             std::tuple(order_of(b.piece.kind), b.piece.file->path, b.piece.begin, b.piece.end);
    });
    return std::move(chosen_);
  }

 private:
  struct Text {
    std::string_view kind;
    std::string_view path;
    std::string_view language;  // LSP id; "" where the path tells
    uint32_t begin = 0;
    uint32_t end = 0;
    std::string text;  // LF
    int masked_secrets = 0;
  };

  int percent(int share) const { return std::min(left_, query_.max_tokens * share / 100); }

  /// Takes what fits into `room`; smaller ones further down may still.
  void take_declarations(const std::vector<Candidate>& candidates, float min_score, int room) {
    int n_misses = 0;
    for (const Candidate& candidate : candidates) {
      if (candidate.score < min_score || room <= 0 || n_misses == kMaxMisses) return;
      if (is_shown(candidate.file->path, {.begin = candidate.begin, .end = candidate.end}))
        continue;
      const bool is_open = files_.is_open(candidate.file->path);
      const std::string_view kind = candidate.imported ? "import_decl"
                                    : is_open          ? "open"
                                                       : "symbol";
      if (share_of_lines_in(candidate.text, query_.near) > kMaxShared) continue;
      const int cost = take({.kind = kind,
                             .path = candidate.file->path,
                             .begin = candidate.begin,
                             .end = candidate.end,
                             .text = candidate.text},
                            room, candidate.file);
      room -= cost;
      n_misses += cost == 0;
    }
  }

  void take_recent(int room) {
    for (const RecentText& recent : query_.recent) {
      const size_t end = window_end(recent.text, 0, kMaxRegionBytes);
      Text text{.kind = "recent",
                .path = recent.path,
                .language = recent.language,
                .begin = recent.begin,
                .end = recent.begin + static_cast<uint32_t>(end),
                .text = to_lf(std::string_view(recent.text).substr(0, end)),
                .masked_secrets = recent.masked_secrets};
      if (is_blank(text.text) || share_of_lines_in(text.text, query_.near) > kMaxShared) continue;
      room -= take(std::move(text), room, nullptr);
    }
  }

  void take_similar(int room) {
    const WorkspaceIndex* index = files_.saved ? files_.saved : files_.open;
    if (!index) return;
    const auto wants = [&](const SourceFile& file) {
      return file.path != query_.candidates.path &&
             file.language->chat_name == query_.candidates.language->chat_name;
    };
    size_t n = 0;
    for (const auto& match : index->search(terms_of(query_.near), kSearched, wants)) {
      if (match.score < kMinSimilar || n == kMaxSimilar) return;
      const ByteRange range = match.file->chunks[match.chunk];
      if (is_shown(match.file->path, range)) continue;
      const std::string_view all = match.file->text;
      const size_t end = window_end(all.substr(0, range.end), range.begin, kMaxChunkBytes);
      Text text{.kind = files_.is_open(match.file->path) ? "open" : "similar",
                .path = match.file->path,
                .begin = range.begin,
                .end = static_cast<uint32_t>(end),
                .text = to_lf(all.substr(range.begin, end - range.begin))};
      if (share_of_lines_in(text.text, query_.near) > kMaxShared) continue;
      const int cost = take(std::move(text), room, match.file);
      room -= cost;
      n += cost > 0;
    }
  }

  bool is_shown(std::string_view path, ByteRange range) const {
    return std::any_of(chosen_.begin(), chosen_.end(), [&](const ChosenPiece& chosen) {
      const CrossFilePiece& piece = chosen.piece;
      return piece.file->path == path && piece.begin < range.end && range.begin < piece.end;
    });
  }

  /// Its cost in tokens; 0 if it does not fit or is there already.
  int take(Text text, int room, SourceFilePtr source) {
    if (is_shown(text.path, {.begin = text.begin, .end = text.end})) return 0;
    text.text.resize(trim_right(text.text).size());
    text.text += '\n';
    std::vector<engine::TokenId> tokens = tokenizer_.encode(text.text);
    int cost = static_cast<int>(tokens.size());
    const bool is_new = paths_.insert({std::string(text.kind), std::string(text.path)}).second;
    if (is_new) cost += kPathTokens + static_cast<int>(text.path.size() / kBytesPerToken);
    if (cost > std::min(room, left_)) {
      if (is_new) paths_.erase({std::string(text.kind), std::string(text.path)});
      return 0;
    }
    left_ -= cost;
    CrossFilePiece piece{
        .kind = std::string(text.kind),
        .file = std::make_shared<const Snapshot>(
            Snapshot{.path = std::string(text.path), .language = std::string(text.language)}),
        .begin = text.begin,
        .end = text.end,
        .tokens = std::move(tokens),
        .masked_secrets = text.masked_secrets,
        .rank = static_cast<int>(chosen_.size())};
    if (source) piece.masked_secrets = n_secrets(*source, text.begin, text.end);
    chosen_.push_back({.piece = std::move(piece), .source = std::move(source)});
    return cost;
  }

  static int n_secrets(const SourceFile& file, uint32_t begin, uint32_t end) {
    return static_cast<int>(std::count_if(
        file.secrets.begin(), file.secrets.end(),
        [&](const Secret& secret) { return secret.begin < end && begin < secret.end; }));
  }

  static constexpr int kPathTokens = 6;  // marker, line ends, extension

  const PieceQuery& query_;
  const FilesAtHand& files_;
  const engine::Tokenizer& tokenizer_;
  int left_;
  std::set<std::pair<std::string, std::string>> paths_;  // kind and path: one path line each
  std::vector<ChosenPiece> chosen_;
};

}  // namespace

std::vector<ChosenPiece> choose_pieces(const PieceQuery& query, const FilesAtHand& files,
                                       const engine::Tokenizer& tokenizer) {
  return Chooser(query, files, tokenizer).choose();
}

}  // namespace fathom::completion

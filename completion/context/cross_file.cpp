#include "completion/context/cross_file.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "completion/context/choose_pieces.h"
#include "completion/context/near_names.h"
#include "completion/lines.h"
#include "completion/privacy/secret_files.h"
#include "completion/workspace/imports.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxChoices = 8;  // of a document: functions that somebody goes to and fro between
constexpr size_t kMaxParsed = 32;
constexpr size_t kMaxOpen = 12;  // open documents that are looked at
constexpr size_t kMaxOpenBytes = 256 << 10;

}  // namespace

/// What was chosen, and what it depends on.
struct CrossFile::Choice {
  std::string scope;  // headers of the declarations around the cursor
  std::vector<Import> imports;
  std::string root;
  bool had_index = false;
  int line = 0;
  int max_tokens = 0;
  std::vector<std::pair<std::string, uint64_t>>
      saved;  // files of the index, and their fingerprints
  std::vector<CrossFilePiece> pieces;
};

struct CrossFile::Parsed {
  SnapshotPtr snapshot;
  SourceFilePtr file;
};

CrossFile::CrossFile(std::shared_ptr<const Workspaces> workspaces, const SecretFinder& secrets)
    : workspaces_(std::move(workspaces)), secrets_(secrets) {}
CrossFile::~CrossFile() = default;

void CrossFile::forget(const DocumentId& document) { choices_.erase(document); }

void CrossFile::forget_client(uint64_t client) {
  std::erase_if(choices_, [client](const auto& entry) { return entry.first.client == client; });
  std::erase_if(parsed_, [client](const Parsed& p) { return p.snapshot->client == client; });
}

/// Choosing for one request.
class CrossFile::Chooser {
 public:
  Chooser(CrossFile& owner, const CompletionRequest& request, Document& document)
      : owner_(owner), request_(request), document_(document), text_(request.snapshot->text) {}

  /// What the choice depends on, without the choice.
  Choice frame(const Workspace* workspace, int max_tokens) {
    const size_t line = line_start(text_, request_.cursor);
    const size_t first = text_.find_first_not_of(" \t", line);
    const std::string_view indent = text_.substr(line, std::min(first, text_.size()) - line);
    // Without the cursor's line: while an import is typed it is another one with every key.
    std::string others(text_.substr(0, line));
    others += text_.substr(next_line(text_, request_.cursor));
    Choice choice{.imports = imports_of(others, document_.tree.language()),
                  .root = request_.root,
                  .had_index = workspace && workspace->ready(),
                  .max_tokens = max_tokens};
    for (const OutlineItem& item : document_.scopes.outline(text_.substr(0, line), indent))
      if (item.kind == OutlineItem::Kind::scope) choice.scope += item.text;
    choice.line = static_cast<int>(std::count(text_.begin(), text_.begin() + line, '\n'));
    return choice;
  }

  void choose(Choice& choice, const WorkspaceIndex* saved, const engine::Tokenizer& tokenizer) {
    const WorkspaceIndex open = open_documents(saved);
    const FilesAtHand files{.open = open.size().files > 0 ? &open : nullptr, .saved = saved};
    if (!files.open && !saved && request_.recent.empty()) return;

    const Language& language = document_.tree.language();
    PieceQuery query{.candidates = {.path = request_.snapshot->path,
                                    .language = &language,
                                    .imports = choice.imports,
                                    .package = package_of(text_, language),
                                    .nearby = near_names(text_, request_.cursor, choice.scope)},
                     .near = near_text(text_, request_.cursor),
                     .recent = recent_texts(),
                     .max_tokens = choice.max_tokens};
    if (document_.tree.update(text_)) {
      for (Declaration& declaration : declarations_of(document_.tree))
        if (declaration.container.empty() || declaration.kind == Declaration::Kind::type)
          query.candidates.own_names.insert(std::move(declaration.name));
    }
    for (ChosenPiece& chosen : choose_pieces(query, files, tokenizer)) {
      const bool is_saved = chosen.source && !files.is_open(chosen.source->path);
      if (is_saved) choice.saved.emplace_back(chosen.source->path, chosen.source->fingerprint);
      choice.pieces.push_back(std::move(chosen.piece));
    }
  }

 private:
  bool is_other(const Snapshot& file) const {
    return file.uri != request_.snapshot->uri && !is_secret_file(file.path) &&
           !is_secret_file(file.uri);
  }

  /// Those whose text is not the saved one.
  WorkspaceIndex open_documents(const WorkspaceIndex* saved) {
    WorkspaceIndex index;
    size_t n = 0;
    for (const SnapshotPtr& file : request_.open) {
      if (!is_other(*file) || file->text.size() > kMaxOpenBytes) continue;
      if (++n > kMaxOpen) break;
      const SourceFilePtr known = saved ? saved->find(file->path) : nullptr;
      if (known && known->fingerprint == fingerprint_of(file->text)) continue;
      if (SourceFilePtr parsed = owner_.parsed(file)) index.add(std::move(parsed));
    }
    return index;
  }

  std::vector<RecentText> recent_texts() const {
    std::vector<RecentText> texts;
    for (const RecentRegion& region : request_.recent) {
      const Snapshot& file = *region.snapshot;
      if (is_secret_file(file.path) || is_secret_file(file.uri)) continue;
      const size_t end = std::min(region.end, file.text.size());
      if (region.begin >= end) continue;
      // Of the whole file: what is before a secret tells that it is one.
      std::vector<Secret> secrets = owner_.secrets_.find(file.text);
      const std::string masked = with_secrets_masked(file.text, secrets);
      std::erase_if(secrets, [&](const Secret& secret) {
        return secret.end <= region.begin || end <= secret.begin;
      });
      texts.push_back({.path = file.path,
                       .language = file.language,
                       .begin = static_cast<uint32_t>(region.begin),
                       .text = masked.substr(region.begin, end - region.begin),
                       .masked_secrets = static_cast<int>(secrets.size())});
    }
    return texts;
  }

  CrossFile& owner_;
  const CompletionRequest& request_;
  Document& document_;
  const std::string_view text_;
};

bool CrossFile::is_valid(const Choice& choice, const Workspace* workspace) {
  if (choice.saved.empty()) return true;
  return workspace->read([&](const WorkspaceIndex* index) {
    return index && std::all_of(choice.saved.begin(), choice.saved.end(), [&](const auto& saved) {
             const SourceFilePtr file = index->find(saved.first);
             return file && file->fingerprint == saved.second;
           });
  });
}

SourceFilePtr CrossFile::parsed(const SnapshotPtr& snapshot) {
  const auto known = std::find_if(parsed_.begin(), parsed_.end(),
                                  [&](const Parsed& p) { return p.snapshot == snapshot; });
  if (known != parsed_.end()) {
    parsed_.splice(parsed_.begin(), parsed_, known);
    return parsed_.front().file;
  }
  const Language* language = find_language(snapshot->language, snapshot->path);
  SourceFilePtr file;
  if (language) file = parse_source_file(snapshot->path, *language, snapshot->text, secrets_);
  // An older version of it will not be asked for again.
  std::erase_if(parsed_, [&](const Parsed& p) { return p.snapshot->id() == snapshot->id(); });
  parsed_.push_front({.snapshot = snapshot, .file = file});
  if (parsed_.size() > kMaxParsed) parsed_.pop_back();
  return file;
}

const std::vector<CrossFilePiece>& CrossFile::pieces_for(const CompletionRequest& request,
                                                         Document& document,
                                                         const engine::Tokenizer& tokenizer,
                                                         int max_tokens) {
  std::shared_ptr<const Workspace> workspace;
  if (workspaces_ && !request.root.empty()) workspace = workspaces_->find(request.root);

  Chooser chooser(*this, request, document);
  Choice choice = chooser.frame(workspace.get(), max_tokens);
  std::list<Choice>& known = choices_[request.snapshot->id()];
  const auto same = std::find_if(known.begin(), known.end(), [&](const Choice& k) {
    return k.scope == choice.scope && k.imports == choice.imports && k.root == choice.root &&
           k.had_index == choice.had_index && k.max_tokens == choice.max_tokens &&
           std::abs(k.line - choice.line) <= kMaxLinesAway && is_valid(k, workspace.get());
  });
  if (same != known.end()) {
    known.splice(known.begin(), known, same);
    return known.front().pieces;
  }

  // What the new one takes the place of will not come back: its imports or files are others now.
  std::erase_if(known, [&](const Choice& k) {
    return k.scope == choice.scope && std::abs(k.line - choice.line) <= kMaxLinesAway;
  });
  if (workspace) {
    workspace->read([&](const WorkspaceIndex* saved) { chooser.choose(choice, saved, tokenizer); });
  } else {
    chooser.choose(choice, nullptr, tokenizer);
  }
  known.push_front(std::move(choice));
  if (known.size() > kMaxChoices) known.pop_back();
  return known.front().pieces;
}

}  // namespace fathom::completion

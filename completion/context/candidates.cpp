#include "completion/context/candidates.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "completion/context/skeleton.h"
#include "completion/workspace/resolve_import.h"
#include "completion/workspace/terms.h"

namespace fathom::completion {
namespace {

using Symbol = WorkspaceIndex::Symbol;
using Kind = Declaration::Kind;

constexpr size_t kMaxSymbols = 24;    // of one name; more say nothing
constexpr size_t kMaxAnywhere = 3;    // of one name, in files that the document does not know
constexpr size_t kMaxImported = 200;  // files
constexpr size_t kMaxOfFile = 40;     // declarations of an imported file that nobody named
constexpr uint32_t kMaxMentioningBytes = 2000;
constexpr size_t kShortName = 4;  // shorter names of variables are everywhere

// How well the document knows a file.
enum class Tier {
  stranger,
  neighbour,
  imported,
  named
};  // named: the import names the declaration
constexpr float kTierFactor[] = {0.5f, 1.0f, 1.5f, 2.5f};

constexpr float kMentionFactor = 0.35f;  // of what mentions it
constexpr float kImportedName = 2.0f;    // named by an import, not near the cursor
constexpr float kImportedRest = 0.3f;
constexpr float kSharedTerm = 0.15f;

class Collector final {
 public:
  Collector(const CandidateQuery& query, const FilesAtHand& files) : query_(query), files_(files) {
    resolve_imports();
  }

  std::vector<Candidate> collect() {
    for (const auto& [name, weight] : query_.nearby)
      if (!query_.own_names.contains(name)) add_named(name, weight);
    add_names_of_imports();
    add_mentioned();
    add_rest_of_imports();
    return rendered();
  }

 private:
  struct Found {
    SourceFilePtr file;
    const Declaration* declaration = nullptr;
    float score = 0;
  };

  bool is_family(const SourceFile& file) const {
    return file.language->chat_name == query_.language->chat_name;
  }

  void resolve_imports() {
    for (const Import& import : query_.imports) {
      if (imported_.size() >= kMaxImported) return;
      for (const WorkspaceIndex* index : {files_.open, files_.saved}) {
        if (!index) continue;
        for (const std::string& path :
             resolve_import(import, *query_.language, query_.path, index->names()))
          add_import(path, import.names);
        const PackageImport package = imports_package(import, *query_.language);
        if (package.package.empty()) continue;
        for (const std::string& path : index->files_of_package(package.package))
          add_package_file(path, package.names);
      }
    }
  }

  void add_import(const std::string& path, const std::vector<std::string>& names) {
    if (path == query_.path) return;
    auto& known = imported_[path];
    known.insert(names.begin(), names.end());
  }

  /// Of a package only the files that declare what is imported of it.
  void add_package_file(const std::string& path, const std::vector<std::string>& names) {
    const SourceFilePtr file = files_.find(path);
    if (!file) return;
    const auto declares = [&](const std::string& name) {
      return std::any_of(file->declarations.begin(), file->declarations.end(),
                         [&](const Declaration& d) { return d.name == name; });
    };
    if (names.empty() || std::any_of(names.begin(), names.end(), declares)) add_import(path, names);
  }

  Tier tier_of(const Symbol& symbol) const {
    const SourceFile& file = *symbol.file;
    if (const auto imported = imported_.find(file.path); imported != imported_.end()) {
      const bool is_named = imported->second.contains(symbol.declaration->name) ||
                            imported->second.contains(symbol.declaration->container);
      return is_named ? Tier::named : Tier::imported;
    }
    const bool same_package = !query_.package.empty() && file.package == query_.package;
    if (same_package || folder_of(file.path) == folder_of(query_.path)) return Tier::neighbour;
    return Tier::stranger;
  }

  std::vector<Symbol> symbols(std::string_view name) const {
    const auto prefers = [&](const SourceFile& file) {
      return imported_.contains(file.path) || folder_of(file.path) == folder_of(query_.path);
    };
    std::vector<Symbol> all;
    if (files_.open) all = files_.open->symbols(name, kMaxSymbols, prefers);
    if (files_.saved) {
      for (Symbol& symbol : files_.saved->symbols(name, kMaxSymbols, prefers))
        if (!files_.is_open(symbol.file->path)) all.push_back(std::move(symbol));
    }
    std::erase_if(all, [&](const Symbol& symbol) {
      return symbol.file->path == query_.path || !is_family(*symbol.file);
    });
    return all;
  }

  /// The declarations that `name` most likely means, seen from the document.
  std::vector<Symbol> meant_by(std::string_view name) const {
    std::vector<Symbol> all = symbols(name);
    Tier best = Tier::stranger;
    for (const Symbol& symbol : all) best = std::max(best, tier_of(symbol));
    std::erase_if(all, [&](const Symbol& symbol) { return tier_of(symbol) != best; });
    if (best == Tier::stranger) {
      std::erase_if(all, [&](const Symbol& symbol) { return !is_telling(*symbol.declaration); });
      if (all.size() > kMaxAnywhere) all.clear();
    }
    return all;
  }

  /// Whether the name alone, in a file that the document does not know, is a reason to show it.
  bool is_telling(const Declaration& declaration) const {
    if (declaration.kind == Kind::variable)
      return declaration.container.empty() && declaration.name.size() >= kShortName;
    return declaration.container.empty() || query_.nearby.contains(declaration.container) ||
           declaration.kind == Kind::function;
  }

  void add_named(std::string_view name, float weight) {
    for (const Symbol& symbol : meant_by(name)) {
      const float factor = kTierFactor[static_cast<size_t>(tier_of(symbol))];
      const bool is_detail =
          symbol.declaration->kind == Kind::variable && !symbol.declaration->container.empty();
      // Without a type that is named here, too, a field of that name is one of many.
      const bool is_ours = query_.nearby.contains(symbol.declaration->container);
      add(symbol, std::max(weight * factor * (is_detail && !is_ours ? 0.25f : 1.0f),
                           is_detail && !is_ours ? 0.0f : kNamedScore));
    }
  }

  void add_names_of_imports() {
    for (const auto& [path, names] : imported_) {
      const SourceFilePtr file = files_.find(path);
      if (!file) continue;
      for (const Declaration& declaration : file->declarations) {
        if (names.contains(declaration.name) && declaration.container.empty())
          add({.file = file, .declaration = &declaration}, kImportedName);
      }
    }
  }

  /// Of a function its header; a type's fields say as much as its bases.
  static std::string_view mentioning_text(const Found& found) {
    const Declaration& declaration = *found.declaration;
    const bool is_type = declaration.kind == Kind::type;
    const size_t end = is_type ? std::min(declaration.end, declaration.begin + kMaxMentioningBytes)
                               : declaration.body;
    return std::string_view(found.file->text).substr(declaration.begin, end - declaration.begin);
  }

  /// Types that what was found mentions: results, parameters, bases, fields.
  void add_mentioned() {
    const std::vector<Found> mentioning = found_;
    for (const Found& found : mentioning) {
      if (found.score < kNamedScore) continue;
      const std::string_view header = mentioning_text(found);
      std::set<std::string_view> seen;
      for_each_identifier(header, [&](std::string_view name, size_t) {
        const bool is_new = name != found.declaration->name && !query_.own_names.contains(name) &&
                            seen.insert(name).second;
        if (is_new) add_mention(name, found);
      });
    }
  }

  void add_mention(std::string_view name, const Found& by) {
    const float score = std::max(by.score * kMentionFactor, kNamedScore);
    const Declaration* own = nullptr;
    for (const Declaration& declaration : by.file->declarations)
      if (declaration.kind == Kind::type && declaration.name == name) own = &declaration;
    if (own) return add({.file = by.file, .declaration = own}, score);
    std::vector<Symbol> types = symbols(name);
    std::erase_if(types,
                  [](const Symbol& symbol) { return symbol.declaration->kind != Kind::type; });
    // Seen from the file that mentions it: what is nearest to that one.
    const auto is_known = [&](const Symbol& symbol) {
      return folder_of(symbol.file->path) == folder_of(by.file->path) ||
             tier_of(symbol) > Tier::neighbour;
    };
    if (std::any_of(types.begin(), types.end(), is_known))
      std::erase_if(types, [&](const Symbol& symbol) { return !is_known(symbol); });
    if (types.size() > kMaxAnywhere) return;
    for (const Symbol& symbol : types) add(symbol, score);
  }

  void add_rest_of_imports() {
    std::set<Term> terms;
    for (const auto& [name, weight] : query_.nearby)
      for (const TermCount& term : terms_of(name)) terms.insert(term.term);
    for (const auto& [path, names] : imported_) {
      // An import that names what it wants has said what it does not want.
      if (!names.empty() && query_.language->chat_name != "python") continue;
      const SourceFilePtr file = files_.find(path);
      if (!file) continue;
      size_t n = 0;
      for (const Declaration& declaration : file->declarations) {
        if (!declaration.container.empty() || ++n > kMaxOfFile) continue;
        float score = names.empty() ? kImportedRest : 0;
        for (const TermCount& term : terms_of(declaration.name))
          if (terms.contains(term.term)) score += kSharedTerm;
        if (score > 0)
          add({.file = file, .declaration = &declaration}, std::min(score, 0.9f * kNamedScore));
      }
    }
  }

  void add(const Symbol& symbol, float score) {
    const auto known = std::find_if(found_.begin(), found_.end(), [&](const Found& found) {
      return found.declaration == symbol.declaration;
    });
    if (known != found_.end()) {
      known->score = std::max(known->score, score);
    } else if (score > 0) {
      found_.push_back({.file = symbol.file, .declaration = symbol.declaration, .score = score});
    }
  }

  /// One candidate for a type and all that was found in it.
  std::vector<Candidate> rendered() {
    struct Shown {
      SourceFilePtr file;
      float score = 0;
    };
    std::map<std::tuple<std::string, uint32_t, uint32_t>, std::pair<const Declaration*, Shown>>
        outer;
    for (const Found& found : found_) {
      const Declaration* type = owner_of(*found.file, *found.declaration);
      const Declaration* shown = type ? type : found.declaration;
      auto& entry = outer[{found.file->path, shown->begin, shown->end}];
      entry.first = shown;
      entry.second.file = found.file;
      entry.second.score = std::max(entry.second.score, found.score);
    }
    std::vector<Candidate> candidates;
    for (const auto& [key, entry] : outer) {
      const auto& [shown, place] = entry;
      candidates.push_back({.file = place.file,
                            .begin = shown->begin,
                            .end = shown->end,
                            .text = skeleton_of(*place.file, *shown, query_.nearby),
                            .score = place.score,
                            .imported = imported_.contains(place.file->path)});
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    return without_overlaps(std::move(candidates));
  }

  static std::vector<Candidate> without_overlaps(std::vector<Candidate> all) {
    std::vector<Candidate> kept;
    for (Candidate& candidate : all) {
      const bool overlaps = std::any_of(kept.begin(), kept.end(), [&](const Candidate& k) {
        return k.file == candidate.file && k.begin < candidate.end && candidate.begin < k.end;
      });
      if (!overlaps && !candidate.text.empty()) kept.push_back(std::move(candidate));
    }
    return kept;
  }

  const CandidateQuery& query_;
  const FilesAtHand& files_;
  std::map<std::string, std::set<std::string>> imported_;  // files, and what is named of them
  std::vector<Found> found_;
};

}  // namespace

SourceFilePtr FilesAtHand::find(std::string_view path) const {
  if (open)
    if (SourceFilePtr file = open->find(path)) return file;
  return saved ? saved->find(path) : nullptr;
}

bool FilesAtHand::is_open(std::string_view path) const {
  return open && open->names().contains(path);
}

std::vector<Candidate> declaration_candidates(const CandidateQuery& query,
                                              const FilesAtHand& files) {
  return Collector(query, files).collect();
}

}  // namespace fathom::completion

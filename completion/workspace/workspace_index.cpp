#include "completion/workspace/workspace_index.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>
#include <utility>

namespace fathom::completion {
namespace {

// BM25's usual constants.
constexpr float kSaturation = 1.2f;
constexpr float kLengthShare = 0.75f;

// Of a query, the rarest terms tell; those in every twentieth chunk tell nothing and cost most.
constexpr size_t kMaxQueryTerms = 32;
constexpr size_t kCommonShare = 20;
constexpr size_t kAlwaysRare = 64;

}  // namespace

void WorkspaceIndex::add(SourceFilePtr file) {
  remove(file->path);
  uint32_t slot = static_cast<uint32_t>(slots_.size());
  if (free_slots_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slot_of_[file->path] = slot;
  names_.add(file->path);
  if (!file->package.empty()) packages_[file->package].insert(file->path);
  ++size_.files;
  size_.text_bytes += file->text.size();
  slots_[slot] = {.file = std::move(file), .first_chunk = static_cast<uint32_t>(chunks_.size())};
  add_symbols(slot);
  add_chunks(slot);
}

void WorkspaceIndex::add_symbols(uint32_t slot) {
  const std::vector<Declaration>& declarations = slots_[slot].file->declarations;
  for (uint32_t i = 0; i < declarations.size(); ++i)
    symbols_[declarations[i].name].push_back({.slot = slot, .declaration = i});
  size_.declarations += declarations.size();
}

void WorkspaceIndex::add_chunks(uint32_t slot) {
  const SourceFile& file = *slots_[slot].file;
  for (size_t i = 0; i < file.chunks.size(); ++i) {
    const auto id = static_cast<uint32_t>(chunks_.size());
    Chunk chunk{.slot = slot, .n_terms = 0};
    for (const TermCount& term : terms_of(file.chunk_text(i))) {
      postings_[term.term].push_back({.chunk = id, .count = term.count});
      chunk.n_terms += term.count;
    }
    n_terms_ += chunk.n_terms;
    chunks_.push_back(chunk);
  }
  size_.chunks += file.chunks.size();
}

void WorkspaceIndex::remove(const std::string& path) {
  const auto found = slot_of_.find(path);
  if (found == slot_of_.end()) return;
  const uint32_t index = found->second;
  slot_of_.erase(found);
  names_.remove(path);
  const Slot slot = std::exchange(slots_[index], {});
  free_slots_.push_back(index);
  const SourceFile& file = *slot.file;

  if (const auto package = packages_.find(file.package); package != packages_.end()) {
    package->second.erase(path);
    if (package->second.empty()) packages_.erase(package);
  }
  for (const Declaration& declaration : file.declarations) {
    const auto refs = symbols_.find(declaration.name);
    if (refs == symbols_.end()) continue;
    std::erase_if(refs->second, [index](const SymbolRef& ref) { return ref.slot == index; });
    if (refs->second.empty()) symbols_.erase(refs);
  }
  for (size_t i = 0; i < file.chunks.size(); ++i) {
    const auto id = static_cast<uint32_t>(slot.first_chunk + i);
    for (const TermCount& term : terms_of(file.chunk_text(i))) {
      const auto list = postings_.find(term.term);
      const auto posting =
          std::lower_bound(list->second.begin(), list->second.end(), id,
                           [](const Posting& p, uint32_t chunk) { return p.chunk < chunk; });
      list->second.erase(posting);
      if (list->second.empty()) postings_.erase(list);
    }
    n_terms_ -= chunks_[id].n_terms;
  }
  --size_.files;
  size_.declarations -= file.declarations.size();
  size_.chunks -= file.chunks.size();
  size_.text_bytes -= file.text.size();
}

SourceFilePtr WorkspaceIndex::find(std::string_view path) const {
  const auto found = slot_of_.find(path);
  return found == slot_of_.end() ? nullptr : slots_[found->second].file;
}

std::vector<std::string> WorkspaceIndex::paths() const {
  std::vector<std::string> paths;
  paths.reserve(slot_of_.size());
  for (const auto& [path, slot] : slot_of_) paths.push_back(path);
  return paths;
}

std::vector<WorkspaceIndex::Symbol> WorkspaceIndex::symbols(
    std::string_view name, size_t max,
    const std::function<bool(const SourceFile&)>& prefers) const {
  const auto found = symbols_.find(name);
  if (found == symbols_.end()) return {};
  const bool is_ambiguous = found->second.size() > max;
  std::vector<Symbol> symbols;
  for (const SymbolRef& ref : found->second) {
    const SourceFilePtr& file = slots_[ref.slot].file;
    if (is_ambiguous && !prefers(*file)) continue;
    symbols.push_back({.file = file, .declaration = &file->declarations[ref.declaration]});
  }
  std::sort(symbols.begin(), symbols.end(), [](const Symbol& a, const Symbol& b) {
    return std::tie(a.file->path, a.declaration->begin) <
           std::tie(b.file->path, b.declaration->begin);
  });
  symbols.resize(std::min(symbols.size(), max));
  return symbols;
}

std::vector<std::string> WorkspaceIndex::files_of_package(std::string_view package) const {
  const auto found = packages_.find(package);
  if (found == packages_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::vector<WorkspaceIndex::Scored> WorkspaceIndex::scores(std::span<const TermCount> query) const {
  std::vector<std::pair<Term, const std::vector<Posting>*>> terms;
  const size_t common = std::max(size_.chunks / kCommonShare, kAlwaysRare);
  for (const TermCount& term : query) {
    const auto list = postings_.find(term.term);
    if (list != postings_.end() && list->second.size() <= common)
      terms.emplace_back(term.term, &list->second);
  }
  const auto is_rarer = [](const auto& a, const auto& b) {
    return std::pair(a.second->size(), a.first) < std::pair(b.second->size(), b.first);
  };
  std::sort(terms.begin(), terms.end(), is_rarer);
  terms.resize(std::min(terms.size(), kMaxQueryTerms));

  // By chunk: looking one up must cost nothing, of a large workspace there are 100,000 to add to.
  std::vector<float> sums(chunks_.size());
  std::vector<Scored> scores;
  const auto n = static_cast<float>(size_.chunks);
  const float mean_length = static_cast<float>(n_terms_) / std::max(n, 1.0f);
  for (const auto& [term, list] : terms) {
    const auto n_with = static_cast<float>(list->size());
    const float rarity = std::log(1 + (n - n_with + 0.5f) / (n_with + 0.5f));
    for (const Posting& posting : *list) {
      const auto count = static_cast<float>(posting.count);
      const float length = static_cast<float>(chunks_[posting.chunk].n_terms) / mean_length;
      const float damping = kSaturation * (1 - kLengthShare + kLengthShare * length);
      float& sum = sums[posting.chunk];
      if (sum == 0) scores.push_back({.chunk = posting.chunk});
      sum += rarity * count * (kSaturation + 1) / (count + damping);
    }
  }
  for (Scored& scored : scores) scored.score = sums[scored.chunk];
  return scores;
}

std::vector<WorkspaceIndex::Match> WorkspaceIndex::search(
    std::span<const TermCount> query, size_t max,
    const std::function<bool(const SourceFile&)>& wants) const {
  const auto file_of = [this](const Scored& scored) -> const SourceFilePtr& {
    return slots_[chunks_[scored.chunk].slot].file;
  };
  std::vector<Scored> found = scores(query);
  const auto is_worse = [&](const Scored& a, const Scored& b) {
    if (a.score != b.score) return a.score < b.score;
    return std::tie(file_of(a)->path, a.chunk) > std::tie(file_of(b)->path, b.chunk);
  };
  // A heap, because most of what is found is never looked at.
  std::make_heap(found.begin(), found.end(), is_worse);
  std::vector<Match> matches;
  while (matches.size() < max && !found.empty()) {
    std::pop_heap(found.begin(), found.end(), is_worse);
    const Scored best = found.back();
    found.pop_back();
    const Slot& slot = slots_[chunks_[best.chunk].slot];
    if (!wants(*slot.file)) continue;
    matches.push_back(
        {.file = slot.file, .chunk = best.chunk - slot.first_chunk, .score = best.score});
  }
  return matches;
}

}  // namespace fathom::completion

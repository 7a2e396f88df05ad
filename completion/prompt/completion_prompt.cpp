#include "completion/prompt/completion_prompt.h"

#include <string_view>

#include "completion/prompt/healing.h"
#include "completion/syntax/language.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxPathBytes = 200;

void append(std::vector<engine::TokenId>& out, const std::vector<engine::TokenId>& tokens) {
  out.insert(out.end(), tokens.begin(), tokens.end());
}

/// A special token, then a line of text.
void append_marked_line(std::vector<engine::TokenId>& out, engine::TokenId marker,
                        const std::string& text, const engine::Tokenizer& tokenizer) {
  out.push_back(marker);
  tokenizer.encode(text + "\n", out);
}

/// Whether it is another piece of the file before it, and needs no path line.
bool continues_file(const std::vector<RelatedFile>& files, size_t i) {
  return i > 0 && i < files.size() && files[i].kind != "related" &&
         files[i].kind == files[i - 1].kind && files[i].file->path == files[i - 1].file->path;
}

void append_marked_files(std::vector<engine::TokenId>& out, const Context& context,
                         const PromptPlace& place, const engine::RepositoryMarkers& markers,
                         const engine::Tokenizer& tokenizer) {
  append_marked_line(out, markers.name, place.repository, tokenizer);
  for (size_t i = 0; i < context.related.size(); ++i) {
    const RelatedFile& related = context.related[i];
    if (!continues_file(context.related, i))
      append_marked_line(out, markers.file, related.file->path, tokenizer);
    append(out, related.tokens);
  }
  append_marked_line(out, markers.file, place.path, tokenizer);
}

void append_listed_files(std::vector<engine::TokenId>& out, const Context& context,
                         const engine::ModelTraits& traits, const engine::Tokenizer& tokenizer) {
  for (size_t i = 0; i < context.related.size(); ++i) {
    const Snapshot& file = *context.related[i].file;
    if (!continues_file(context.related, i))
      tokenizer.encode(path_line(file, find_language(file.language, file.path), traits), out);
    append(out, context.related[i].tokens);
    if (!continues_file(context.related, i + 1)) tokenizer.encode("\n\n", out);
  }
}

}  // namespace

CompletionPrompt completion_prompt(const Context& context, const PromptPlace& place,
                                   const engine::ModelTraits& traits,
                                   const engine::Tokenizer& tokenizer) {
  const size_t cut = healed_length(context.line);
  const std::string_view line = std::string_view(context.line).substr(0, cut);
  CompletionPrompt prompt{.tokens = {}, .forced_prefix = context.line.substr(cut)};
  std::vector<engine::TokenId>& tokens = prompt.tokens;

  if (traits.adds_bos) tokens.push_back(traits.bos);
  const bool has_markers = traits.fim && traits.fim->repository;
  if (has_markers && !context.related.empty())
    append_marked_files(tokens, context, place, *traits.fim->repository, tokenizer);
  if (!traits.fim) {
    append_listed_files(tokens, context, traits, tokenizer);
    append(tokens, context.head);
    tokenizer.encode(line, tokens);
    return prompt;
  }
  tokens.push_back(traits.fim->begin);
  if (!has_markers) append_listed_files(tokens, context, traits, tokenizer);
  append(tokens, context.head);
  if (!traits.fim->line_anchored) tokenizer.encode(line, tokens);
  tokens.push_back(traits.fim->hole);
  append(tokens, context.suffix);
  tokens.push_back(traits.fim->end);
  if (traits.fim->line_anchored) tokenizer.encode(line, tokens);
  return prompt;
}

std::string path_line(const Snapshot& snapshot, const Language* language,
                      const engine::ModelTraits& traits) {
  const bool fits = !snapshot.path.empty() && snapshot.path.size() <= kMaxPathBytes &&
                    snapshot.path.find_first_of("\r\n") == std::string::npos;
  if (!fits) return {};
  if (traits.fim && !traits.fim->path_prefix.empty())
    return traits.fim->path_prefix + snapshot.path + "\n";
  if (!language || language->line_comment.empty()) return {};
  return std::string(language->line_comment) + " " + snapshot.path + "\n";
}

}  // namespace fathom::completion

#include "completion/completion_plan.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "completion/lines.h"
#include "completion/polish.h"
#include "completion/prompt/completion_prompt.h"
#include "completion/syntax/site.h"

namespace fathom::completion {
namespace {

constexpr int kMaxLineTokens = 32;
constexpr int kMaxBlockTokens = 128;

// What a prompt and the longest answer share. Small models know their way only in the first part
// of their context (fathom-nano: 1,024 of 4,096), and a longer prompt costs time on every change of
// file. The same for a line and a block: another size would cut the prefix elsewhere.
constexpr int kWindowShare = 4;
constexpr int kMinWindow = 1024;
constexpr int kMaxWindow = 2048;
constexpr int kSpecialTokens = 8;
constexpr int kRelatedShare = 2;  // other files have at most half of the room

// Header and cursor are close; what is further is not a header that someone reads.
constexpr size_t kMaxHeaderBytes = 4096;

// Hides only what the model itself takes for noise: a token in 55 on average.
constexpr float kMinMeanLogprob = -4.0f;

int prompt_budget(int max_request_tokens) {
  const int window = std::clamp(max_request_tokens / kWindowShare, kMinWindow, kMaxWindow);
  return std::max(std::min(window, max_request_tokens) - kMaxBlockTokens - kSpecialTokens, 0);
}

std::unique_ptr<BlockEnd> block_end(const SyntaxTree& tree, const Site& site, size_t cursor) {
  if (site.extent != Extent::block || cursor - site.header_begin > kMaxHeaderBytes) return nullptr;
  const std::string_view text = tree.text();
  return std::make_unique<BlockEnd>(
      tree.language(), to_lf(text.substr(site.header_begin, cursor - site.header_begin)),
      site.header_indent);
}

bool has_crlf(std::string_view text) {
  const size_t newline = text.find('\n');
  return newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r';
}

/// Length without the last line, which the limit of tokens has cut in two, if there are others.
size_t whole_lines(std::string_view text) {
  const size_t newline = text.rfind('\n');
  const bool others = newline != std::string_view::npos && !is_blank(text.substr(0, newline));
  return others ? newline : text.size();
}

int count_tokens(const std::vector<RelatedFile>& files) {
  size_t n = 0;
  for (const RelatedFile& related : files) n += related.tokens.size();
  return static_cast<int>(n);
}

std::vector<ContextPiece> pieces_of(const Context& context) {
  std::vector<ContextPiece> pieces;
  for (const RelatedFile& related : context.related)
    pieces.push_back({.kind = "related",
                      .path = related.file->path,
                      .begin = 0,
                      .end = related.end,
                      .tokens = static_cast<int>(related.tokens.size())});
  pieces.insert(pieces.end(), context.pieces.begin(), context.pieces.end());
  return pieces;
}

}  // namespace

CompletionPlan plan_completion(const CompletionRequest& request, Document* document,
                               const engine::ModelTraits& traits,
                               const engine::Tokenizer& tokenizer, int max_request_tokens) {
  const Snapshot& snapshot = *request.snapshot;
  std::unique_ptr<BlockEnd> block;
  if (document && document->tree.update(snapshot.text)) {
    const Site site = site_at(document->tree, request.cursor);
    block = block_end(document->tree, site, request.cursor);
  }
  const int wanted = block ? kMaxBlockTokens : kMaxLineTokens;
  const int max_new_tokens = request.max_tokens > 0 ? request.max_tokens : wanted;

  const Language* language = document ? &document->tree.language() : nullptr;
  Outliner* outliner = document ? &document->outliner : nullptr;
  const bool names_file_itself = traits.fim && traits.fim->repository && !request.related.empty();
  const std::string first_line =
      names_file_itself ? std::string() : path_line(snapshot, language, traits);
  Context context;
  CompletionPrompt prompt;
  // Again with less only if a caller wants more than a block, or the cursor's line, which is not in
  // the budget, is long.
  int max_tokens = prompt_budget(max_request_tokens);
  for (bool fits = false; !fits; max_tokens /= 2) {
    auto related = gather_related(request.related, tokenizer, max_tokens / kRelatedShare);
    context =
        gather_context(snapshot, request.cursor, outliner, tokenizer,
                       {.max_tokens = max_tokens - count_tokens(related), .path_line = first_line});
    context.related = std::move(related);
    prompt = completion_prompt(context, {.path = snapshot.path, .repository = request.repository},
                               traits, tokenizer);
    const int n_prompt = static_cast<int>(prompt.tokens.size());
    fits = n_prompt + max_new_tokens <= max_request_tokens || max_tokens == 0;
  }

  engine::GenerateRequest generate{.prompt = std::move(prompt.tokens),
                                   .max_tokens = max_new_tokens,
                                   .priority = engine::Priority::completion,
                                   .forbid_empty = request.trigger == Trigger::invoked,
                                   .forced_prefix = prompt.forced_prefix};
  return {.snapshot = request.snapshot,
          .cursor = request.cursor,
          .trigger = request.trigger,
          .generate = std::move(generate),
          .rules = StopRules(std::move(prompt.forced_prefix), std::move(block)),
          .context = pieces_of(context)};
}

Completion finish_completion(CompletionPlan& plan, const engine::GenerateResult& result,
                             const SecretFinder& secrets) {
  std::string text(plan.rules.text());
  std::string_view filtered_by;
  if (BlockEnd* block = plan.rules.block()) {
    if (plan.rules.reason() == "block") text = block->with_aligned_bracket(text);
    if (result.stop == engine::StopReason::max_tokens) text.resize(whole_lines(text));
    const size_t n_right = block->length_without_errors(text);
    if (is_blank(text.substr(0, n_right)) && !is_blank(text)) filtered_by = "syntax";
    text.resize(n_right);
  }
  if (is_blank(text) && plan.rules.reason() == "loop") filtered_by = "loop";
  const bool unsure = plan.trigger == Trigger::automatic && result.mean_logprob < kMinMeanLogprob;
  if (unsure) filtered_by = "confidence";

  Suggestion suggestion;
  if (filtered_by.empty()) {
    suggestion = polish(text, surroundings_of(plan.snapshot->text, plan.cursor));
    filtered_by = suggestion.filtered_by;
  }
  if (adds_secret(plan.snapshot->text, plan.cursor, suggestion.text, secrets)) {
    suggestion = {};
    filtered_by = "secret";
  }
  if (has_crlf(plan.snapshot->text)) suggestion.text = to_crlf(suggestion.text);

  const std::string_view reason =
      plan.rules.reason().empty() ? name_of(result.stop) : plan.rules.reason();
  return {
      .text = std::move(suggestion.text),
      .replace_begin = plan.cursor,
      .replace_end = plan.cursor + suggestion.replaced,
      .stop = filtered_by.empty() ? std::string(reason) : fmt::format("filtered:{}", filtered_by),
      .tokens = static_cast<int>(result.tokens.size()),
      .prompt_tokens = result.prompt_tokens,
      .reused_tokens = result.reused_tokens,
      .ms_first_token = result.ms_first_token,
      .ms_total = result.ms_total,
      .mean_logprob = result.mean_logprob,
      .context = std::move(plan.context)};
}

}  // namespace fathom::completion

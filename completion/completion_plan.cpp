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

// Small models know their way only in the first part of their context (fathom-nano: 1,024 of
// 4,096), and a longer prompt costs time on every change of file.
constexpr int kPromptShare = 4;
constexpr int kMaxPromptTokens = 2048;
constexpr int kSpecialTokens = 8;

// Header and cursor are close; what is further is not a header that someone reads.
constexpr size_t kMaxHeaderBytes = 4096;

// Hides only what the model itself takes for noise: a token in 55 on average.
constexpr float kMinMeanLogprob = -4.0f;

int prompt_budget(int max_request_tokens, int max_new_tokens) {
  const int share = std::min(max_request_tokens / kPromptShare, kMaxPromptTokens);
  return std::max(std::min(share, max_request_tokens - max_new_tokens) - kSpecialTokens, 0);
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

/// Without the last line, which the limit of tokens has cut in two, if there are others.
std::string_view whole_lines(std::string_view text) {
  const size_t newline = text.rfind('\n');
  const bool others = newline != std::string_view::npos && !is_blank(text.substr(0, newline));
  return others ? text.substr(0, newline) : text;
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
  const Context context =
      gather_context(snapshot, request.cursor, document ? &document->outliner : nullptr, tokenizer,
                     {.max_tokens = prompt_budget(max_request_tokens, max_new_tokens),
                      .path_line = path_line(snapshot, language, traits)});
  CompletionPrompt prompt = completion_prompt(context, traits, tokenizer);

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
          .context = context.pieces};
}

Completion finish_completion(CompletionPlan& plan, const engine::GenerateResult& result) {
  std::string text(plan.rules.text());
  std::string_view filtered_by;
  if (BlockEnd* block = plan.rules.block()) {
    if (plan.rules.reason() == "block") text = block->with_aligned_bracket(text);
    if (result.stop == engine::StopReason::max_tokens) text = whole_lines(text);
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

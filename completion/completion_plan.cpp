#include "completion/completion_plan.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
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
// What is chosen of other files has a third: small models do better with the file at hand.
constexpr int kPiecesShare = 3;

// Header and cursor are close; what is further is not a header that someone reads.
constexpr size_t kMaxHeaderBytes = 4096;

int prompt_budget(int max_request_tokens) {
  const int window = std::clamp(max_request_tokens / kWindowShare, kMinWindow, kMaxWindow);
  return std::max(std::min(window, max_request_tokens) - kMaxBlockTokens - kSpecialTokens, 0);
}

}  // namespace

int cross_file_tokens(int max_request_tokens) {
  return prompt_budget(max_request_tokens) / kPiecesShare;
}

namespace {

/// What makes the rule for the end of the block at the cursor, each time a new one; empty: there is
/// no block.
std::function<std::unique_ptr<BlockEnd>()> block_end(const SyntaxTree& tree, const Site& site,
                                                     size_t cursor) {
  if (site.extent != Extent::block || cursor - site.header_begin > kMaxHeaderBytes) return nullptr;
  const std::string_view text = tree.text();
  return [&language = tree.language(), indent = site.header_indent,
          header = to_lf(text.substr(site.header_begin, cursor - site.header_begin))] {
    return std::make_unique<BlockEnd>(language, header, indent);
  };
}

/// Columns of the next line that is not blank; -1 if there is none.
int indent_below(std::string_view text, size_t cursor) {
  size_t line = next_line(text, cursor);
  while (line < text.size() && is_blank(text.substr(line, line_end(text, line) - line)))
    line = next_line(text, line);
  return line < text.size() ? indent_of(text.substr(line)) : -1;
}

/// Where the block ends that a complete line opens, if nothing else fills or closes it: without the
/// block the line would break a text that has no errors.
std::unique_ptr<BlockEnd> opened_block(SyntaxGuard& guard, std::string_view before, size_t cursor,
                                       int below, std::string_view line) {
  std::string header(before);
  header += line;
  header.erase(0, line_start(header, header.size()));
  const int indent = indent_of(header);
  // The grammars of such languages take a header without a body for whole.
  const bool lacks_body = guard.language().indented_blocks && below <= indent;
  if (!lacks_body && !guard.breaks(cursor, cursor, line)) return nullptr;
  auto block = std::make_unique<BlockEnd>(guard.language(), header, indent);
  return block->is_open() ? std::move(block) : nullptr;
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

/// The generated text without what is incomplete or wrong at its end. `cut`: by a limit.
std::string whole_text(StopRules& rules, bool cut) {
  std::string text(rules.text());
  BlockEnd* block = rules.block();
  if (!block) return text;
  const std::string header = text.substr(0, rules.block_begin());
  std::string body = text.substr(header.size());
  if (cut) body.resize(whole_lines(body));
  if (rules.reason() == "block") {
    body = block->with_aligned_bracket(body);
  } else if (!header.empty()) {
    body = block->with_missing_bracket(body);
  }
  body.resize(block->length_without_errors(body));
  return header + body;
}

bool breaks(const CompletionPlan& plan, size_t n_replaced, std::string_view text) {
  return plan.guard && !text.empty() &&
         plan.guard->breaks(plan.cursor, plan.cursor + n_replaced, text);
}

/// Whether the suggestion's line opens a block, and the suggestion breaks nothing once that is
/// closed.
bool is_header(const CompletionPlan& plan, const Suggestion& suggestion) {
  const size_t end = line_end(suggestion.text, suggestion.text.find_first_not_of(" \t\n"));
  std::string header = to_lf(surroundings_of(plan.snapshot->text, plan.cursor).line);
  header += std::string_view(suggestion.text).substr(0, end);
  header.erase(0, line_start(header, header.size()));
  BlockEnd block(plan.guard->language(), header, indent_of(header));
  const std::string closer = block.with_missing_bracket({});
  return !closer.empty() &&
         !breaks(plan, suggestion.replaced, std::string(suggestion.text).insert(end, closer));
}

/// Drops last lines until the suggestion adds no syntax error to a text that has none, other than a
/// block that stays open because one line is wanted. False if nothing is left.
bool fit_to_syntax(const CompletionPlan& plan, Suggestion& suggestion) {
  while (breaks(plan, suggestion.replaced, suggestion.text)) {
    if (plan.one_line && is_header(plan, suggestion)) return true;
    const size_t newline = suggestion.text.rfind('\n');
    if (newline == std::string::npos) return false;
    suggestion.text.resize(trim_right(std::string_view(suggestion.text).substr(0, newline)).size());
    if (suggestion.text.empty()) return false;
  }
  return true;
}

/// Whether the line that `text` is the begin of may become one that is there already.
bool may_repeat(std::string_view text, const Surroundings& around) {
  const std::string line = std::string(around.line).append(text);
  return around.above.starts_with(line) ||
         (!around.below.empty() && around.below[0].starts_with(line));
}

int count_tokens(const std::vector<RelatedFile>& files) {
  size_t n = 0;
  for (const RelatedFile& related : files) n += related.tokens.size();
  return static_cast<int>(n);
}

std::vector<ContextPiece> pieces_of(const Context& context) {
  std::vector<ContextPiece> pieces;
  for (const RelatedFile& related : context.related)
    pieces.push_back({.kind = related.kind,
                      .path = related.file->path,
                      .begin = related.begin,
                      .end = related.end,
                      .tokens = static_cast<int>(related.tokens.size())});
  pieces.insert(pieces.end(), context.pieces.begin(), context.pieces.end());
  return pieces;
}

}  // namespace

CompletionPlan plan_completion(const CompletionRequest& request, Document* document,
                               std::span<const CrossFilePiece> pieces,
                               const engine::ModelTraits& traits,
                               const engine::Tokenizer& tokenizer, int max_request_tokens) {
  const Snapshot& snapshot = *request.snapshot;
  const Surroundings around = surroundings_of(snapshot.text, request.cursor);
  std::function<std::unique_ptr<BlockEnd>()> block;
  std::function<std::unique_ptr<BlockEnd>(std::string_view)> opened;
  std::shared_ptr<SyntaxGuard> guard;
  if (document && document->tree.update(snapshot.text)) {
    const Site site = site_at(document->tree, request.cursor);
    block = block_end(document->tree, site, request.cursor);
    guard = SyntaxGuard::make(document->tree);
  }
  if (guard && request.max_lines != 1 && is_blank(around.rest)) {
    opened = [guard, before = to_lf(around.line), cursor = request.cursor,
              below = indent_below(snapshot.text, request.cursor)](std::string_view line) {
      return opened_block(*guard, before, cursor, below, line);
    };
  }
  const int max_line_tokens = !block && request.max_tokens == 0 ? kMaxLineTokens : 0;
  const bool may_be_block = block || opened;
  const int wanted = may_be_block ? kMaxBlockTokens : kMaxLineTokens;
  const int max_new_tokens = request.max_tokens > 0 ? request.max_tokens : wanted;

  const Language* language = document ? &document->tree.language() : nullptr;
  Outliner* outliner = document ? &document->outliner : nullptr;
  const bool has_others = !request.related.empty() || !pieces.empty();
  const bool names_file_itself = traits.fim && traits.fim->repository && has_others;
  const std::string first_line =
      names_file_itself ? std::string() : path_line(snapshot, language, traits);
  Context context;
  CompletionPrompt prompt;
  // Again with less only if a caller wants more than a block, or the cursor's line, which is not in
  // the budget, is long.
  int max_tokens = prompt_budget(max_request_tokens);
  for (bool fits = false; !fits; max_tokens /= 2) {
    auto related = gather_related(request.related, tokenizer, max_tokens / kRelatedShare);
    for (RelatedFile& piece : fitting_pieces(pieces, max_tokens / kPiecesShare))
      related.push_back(std::move(piece));
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
                                   .forced_prefix = std::move(prompt.forced_prefix)};
  auto rules = [block = std::move(block), opened = std::move(opened),
                forced_prefix = generate.forced_prefix, max_lines = request.max_lines,
                max_line_tokens] {
    return StopRules({.forced_prefix = forced_prefix,
                      .block = block ? block() : nullptr,
                      .opened_block = opened,
                      .max_lines = max_lines,
                      .max_line_tokens = max_line_tokens});
  };
  const bool gated = request.trigger == Trigger::automatic && request.min_confidence > 0;
  return {.snapshot = request.snapshot,
          .cursor = request.cursor,
          .min_logprob = gated ? std::log(static_cast<float>(request.min_confidence) / 100)
                               : std::numeric_limits<float>::lowest(),
          .one_line = request.max_lines == 1,
          .generate = std::move(generate),
          .guard = std::move(guard),
          .rules = std::move(rules),
          .context = pieces_of(context)};
}

std::optional<Completion> partial_completion(const CompletionPlan& plan, Draft& draft,
                                             float mean_logprob, const SecretFinder& secrets) {
  const Surroundings around = surroundings_of(plan.snapshot->text, plan.cursor);
  if (!is_blank(around.rest) || mean_logprob < plan.min_logprob) return std::nullopt;
  std::string_view text = draft.rules.text();
  if (draft.rules.block()) {
    const size_t newline = text.rfind('\n');
    text = text.substr(0, newline == std::string_view::npos ? 0 : newline);
  } else {
    while (!text.empty() && is_word_byte(text.back())) text.remove_suffix(1);
  }
  text = trim_right(text);
  if (text.size() <= draft.shown.size() || !text.starts_with(draft.shown)) return std::nullopt;
  if (text.find('\n') == std::string_view::npos && may_repeat(text, around)) return std::nullopt;

  const Suggestion suggestion = polish(text, around);
  const bool fits = suggestion.text == text &&
                    !breaks(plan, suggestion.replaced, suggestion.text) &&
                    !adds_secret(plan.snapshot->text, plan.cursor, text, secrets);
  if (!fits) return std::nullopt;
  draft.shown = text;
  return Completion{.text = has_crlf(plan.snapshot->text) ? to_crlf(text) : std::string(text),
                    .replace_begin = plan.cursor,
                    .replace_end = plan.cursor + suggestion.replaced,
                    .stop = "partial",
                    .mean_logprob = mean_logprob,
                    .context = {}};
}

Completion finish_completion(const CompletionPlan& plan, Draft& draft,
                             const engine::GenerateResult& result, const SecretFinder& secrets) {
  const bool cut = result.stop == engine::StopReason::max_tokens;
  std::string text = whole_text(draft.rules, cut);
  std::string_view filtered_by;
  if (is_blank(text) && !is_blank(draft.rules.text())) filtered_by = "syntax";
  if (is_blank(text) && draft.rules.reason() == "loop") filtered_by = "loop";
  if (result.mean_logprob < plan.min_logprob) filtered_by = "confidence";

  const Surroundings around = surroundings_of(plan.snapshot->text, plan.cursor);
  Suggestion suggestion;
  if (filtered_by.empty()) {
    suggestion = polish(text, around);
    filtered_by = suggestion.filtered_by;
  }
  if (!fit_to_syntax(plan, suggestion)) {
    suggestion = {};
    filtered_by = "syntax";
  }
  if (adds_secret(plan.snapshot->text, plan.cursor, suggestion.text, secrets)) {
    suggestion = {};
    filtered_by = "secret";
  }
  // What someone sees does not go away, whatever the rest looks like.
  if (!draft.shown.empty() && !suggestion.text.starts_with(draft.shown)) {
    const bool several_lines = draft.shown.find('\n') != std::string::npos;
    suggestion = {
        .text = draft.shown, .replaced = several_lines ? around.rest.size() : 0, .filtered_by = {}};
    filtered_by = {};
  }
  if (has_crlf(plan.snapshot->text)) suggestion.text = to_crlf(suggestion.text);

  const std::string_view reason =
      draft.rules.reason().empty() ? name_of(result.stop) : draft.rules.reason();
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
      .context = plan.context};
}

}  // namespace fathom::completion

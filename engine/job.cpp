#include "engine/job.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/find_top.h"

namespace fathom::engine {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

}  // namespace

Job::Job(GenerateRequest request, Generator::OnToken on_token, Generator::OnDone on_done,
         const Tokenizer& tokenizer, const ModelTraits& traits)
    : record_(std::move(request), std::move(on_token), std::move(on_done), tokenizer, traits),
      traits_(traits),
      sampler_(this->request().sampling, traits.vocab_size) {}

bool Job::forbids_tokens() const {
  return record_.forbids_end() || !request().allowed.empty() || !record_.forced_rest().empty();
}

/// All logits, -infinity where the request forbids a token.
Result<std::span<float>> Job::permitted(const AllLogits& all_logits) const {
  FATHOM_TRY(logits, all_logits());
  if (record_.forbids_end()) {
    for (const TokenId end : traits_.end_tokens) logits[end] = kForbidden;
  }
  if (const std::vector<TokenId>& allowed = request().allowed; !allowed.empty()) {
    std::vector<std::pair<TokenId, float>> kept;
    for (const TokenId id : allowed) kept.emplace_back(id, logits[id]);
    std::ranges::fill(logits, kForbidden);
    for (const auto& [id, logit] : kept) logits[id] = logit;
  }
  if (record_.forced_rest().empty()) return logits;
  for (TokenId id = 0; id < std::ssize(logits); ++id) {
    if (!record_.fits_prefix(id)) logits[id] = kForbidden;
  }
  return logits;
}

/// The likeliest tokens, if they were asked for.
void Job::note_candidates(const TopLogits& top) {
  candidates_.clear();
  for (int i = 0; i < std::min(request().n_candidates, top.n); ++i) {
    const TokenLogit& token = top.likeliest[i];
    if (token.logit == kForbidden) break;
    candidates_.push_back({.id = token.id, .logprob = log_probability(top, token.logit)});
  }
}

/// The token that comes after first_rank likelier ones, if there are so many.
TokenLogit Job::alternative(const TopLogits& top) const {
  int rank = std::min(request().first_rank, top.n - 1);
  while (top.likeliest[rank].logit == kForbidden) --rank;
  return top.likeliest[rank];
}

/// The likeliest token that fits. Mostly the model wants to write what it may; looking at each
/// token of the vocabulary takes long.
Result<TokenLogit> Job::likeliest_fitting(const TopLogits& top, const AllLogits& all_logits) const {
  for (int i = 0; i < top.n; ++i) {
    const TokenLogit& token = top.likeliest[i];
    if (token.logit != kForbidden && record_.fits_constraint(token.id)) return token;
  }
  FATHOM_TRY(logits, permitted(all_logits));
  TokenLogit best = {.id = 0, .logit = kForbidden};
  for (TokenId id = 0; id < std::ssize(logits); ++id) {
    if (logits[id] > best.logit && record_.fits_constraint(id)) best = {id, logits[id]};
  }
  if (best.logit == kForbidden) return record_.nothing_fits();
  return best;
}

Result<TokenId> Job::take(TopLogits top, const AllLogits& all_logits) {
  if (observer_) {
    FATHOM_TRY(logits, all_logits());
    observer_(logits);
  }
  if (forbids_tokens()) {
    FATHOM_TRY(logits, permitted(all_logits));
    find_top(top, logits);
  }
  if (!is_finite(top)) {
    return fathom::fail(ErrorCode::internal,
                        "the model computed numbers that are not finite; its file may be damaged: "
                        "try `fathom inspect` on it or download it again");
  }
  const int position = static_cast<int>(tokens().size());
  std::optional<TokenLogit> token = sampler_.choose(top, position);
  if (!token) {
    FATHOM_TRY(logits, permitted(all_logits));
    token = sampler_.choose_of_all(top, logits, position);
  }
  note_candidates(top);
  if (record_.n_sampled() == 0 && request().first_rank > 0) token = alternative(top);
  if (request().constraint) {
    FATHOM_TRY(fitting, likeliest_fitting(top, all_logits));
    token = fitting;
  }
  // A constrained token's probability is that among all tokens, too: it tells how willingly the
  // model writes what it must.
  record_.accept(token->id, log_probability(top, token->logit), candidates_);
  return token->id;
}

}  // namespace fathom::engine

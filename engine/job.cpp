#include "engine/job.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace fathom::engine {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

}  // namespace

Job::Job(GenerateRequest request, Generator::OnToken on_token, Generator::OnDone on_done,
         const Tokenizer& tokenizer, const ModelTraits& traits)
    : record_(std::move(request), std::move(on_token), std::move(on_done), tokenizer, traits),
      traits_(traits),
      sampler_(this->request().sampling, traits.vocab_size) {}

void Job::forbid_tokens(std::span<float> logits) const {
  if (record_.forbids_end()) {
    for (const TokenId end : traits_.end_tokens) logits[end] = kForbidden;
  }
  if (const std::vector<TokenId>& allowed = request().allowed; !allowed.empty()) {
    std::vector<std::pair<TokenId, float>> kept;
    for (const TokenId id : allowed) kept.emplace_back(id, logits[id]);
    std::ranges::fill(logits, kForbidden);
    for (const auto& [id, logit] : kept) logits[id] = logit;
  }
  if (record_.forced_rest().empty()) return;
  for (TokenId id = 0; id < static_cast<TokenId>(logits.size()); ++id) {
    if (!record_.fits_prefix(id)) logits[id] = kForbidden;
  }
}

/// The likeliest tokens, if they were asked for; greedy ties as in the sampler.
void Job::note_candidates(std::span<const float> logits, const Sampled& sampled) {
  candidates_.clear();
  if (request().n_candidates <= 0) return;
  const float to_logprob = sampled.logprob - logits[sampled.id];
  const auto n = static_cast<size_t>(request().n_candidates);
  for (TokenId id = 0; id < static_cast<TokenId>(logits.size()); ++id) {
    const Candidate candidate{.id = id, .logprob = logits[id] + to_logprob};
    const bool is_full = candidates_.size() == n;
    if (logits[id] == kForbidden || (is_full && candidate.logprob <= candidates_.back().logprob))
      continue;
    if (is_full) candidates_.pop_back();
    const auto place = std::ranges::upper_bound(candidates_, candidate.logprob,
                                                std::ranges::greater{}, &Candidate::logprob);
    candidates_.insert(place, candidate);
  }
}

/// The token that comes after first_rank likelier ones, if there are so many.
Sampled Job::alternative(std::span<float> logits, const Sampled& likeliest) const {
  Sampled chosen = likeliest;
  const float highest = logits[likeliest.id];
  for (int rank = 0; rank < request().first_rank; ++rank) {
    logits[chosen.id] = kForbidden;
    const auto next = std::max_element(logits.begin(), logits.end());
    if (*next == kForbidden) break;
    chosen.id = static_cast<TokenId>(next - logits.begin());
    chosen.logprob = likeliest.logprob + (*next - highest);
  }
  return chosen;
}

/// The likeliest token that fits; nothing if none does. Its probability is that among all tokens:
/// it tells how willingly the model writes what it must.
std::optional<Sampled> Job::likeliest_fitting(std::span<float> logits,
                                              const Sampled& likeliest) const {
  // Mostly the model wants to write what it may. If not, looking at each token of the vocabulary
  // is quicker than looking for the next best one again and again.
  constexpr int kMaxRefused = 8;
  Sampled chosen = likeliest;
  const float highest = logits[likeliest.id];
  for (int n_refused = 0; !record_.fits_constraint(chosen.id); ++n_refused) {
    logits[chosen.id] = kForbidden;
    if (n_refused == kMaxRefused) {
      for (TokenId id = 0; id < static_cast<TokenId>(logits.size()); ++id) {
        if (logits[id] != kForbidden && !record_.fits_constraint(id)) logits[id] = kForbidden;
      }
    }
    const auto next = std::max_element(logits.begin(), logits.end());
    if (*next == kForbidden) return std::nullopt;
    chosen.id = static_cast<TokenId>(next - logits.begin());
    chosen.logprob = likeliest.logprob + (*next - highest);
  }
  return chosen;
}

Result<TokenId> Job::take(std::span<float> logits) {
  if (observer_) observer_(logits);
  forbid_tokens(logits);
  std::optional<Sampled> sampled = sampler_.sample(logits, static_cast<int>(tokens().size()));
  if (!sampled) {
    return fathom::fail(ErrorCode::internal,
                        "the model computed numbers that are not finite; its file may be damaged: "
                        "try `fathom inspect` on it or download it again");
  }
  note_candidates(logits, *sampled);
  if (record_.n_sampled() == 0 && request().first_rank > 0) sampled = alternative(logits, *sampled);
  if (request().constraint) {
    sampled = likeliest_fitting(logits, *sampled);
    if (!sampled) return record_.nothing_fits();
  }
  record_.accept(sampled->id, sampled->logprob, candidates_);
  return sampled->id;
}

}  // namespace fathom::engine

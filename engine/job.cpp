#include "engine/job.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace fathom::engine {
namespace {

constexpr size_t kLongestToken = 1024;  // in bytes
constexpr float kForbidden = -std::numeric_limits<float>::infinity();

double ms_between(std::chrono::steady_clock::time_point a,
                  std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

/// Whether a text that must begin with `wanted` can begin with `bytes`.
bool agrees(std::string_view bytes, std::string_view wanted) {
  return !bytes.empty() && (bytes.starts_with(wanted) || wanted.starts_with(bytes));
}

}  // namespace

Job::Job(GenerateRequest request, Generator::OnToken on_token, Generator::OnDone on_done,
         const Tokenizer& tokenizer, const ModelTraits& traits)
    : request_(std::move(request)),
      on_token_(std::move(on_token)),
      on_done_(std::move(on_done)),
      tokenizer_(tokenizer),
      traits_(traits),
      sampler_(request_.sampling, traits.vocab_size),
      tokens_(request_.prompt),
      forced_rest_(request_.forced_prefix),
      stop_strings_(request_.stop_strings, kLongestToken) {
  // Everything that grows per token gets its room now: decoding allocates nothing.
  tokens_.reserve(request_.prompt.size() + std::max(0, request_.max_tokens));
}

bool Job::begin(int reused) {
  if (n_reused_ >= 0) return false;  // back after giving up its slots to a more urgent job
  n_reused_ = reused;
  begun_ = Clock::now();
  return true;
}

bool Job::is_end_token(TokenId id) const {
  return std::find(traits_.end_tokens.begin(), traits_.end_tokens.end(), id) !=
         traits_.end_tokens.end();
}

void Job::forbid_tokens(std::span<float> logits) const {
  const bool forbid_end = request_.ignore_end_tokens || (request_.forbid_empty && n_sampled_ == 0);
  if (forbid_end || !forced_rest_.empty()) {
    for (const TokenId end : traits_.end_tokens) logits[end] = kForbidden;
  }
  if (forced_rest_.empty()) return;
  for (TokenId id = 0; id < static_cast<TokenId>(logits.size()); ++id) {
    if (tokenizer_.is_special(id) || !agrees(tokenizer_.bytes(id), forced_rest_)) {
      logits[id] = kForbidden;
    }
  }
}

/// The token that comes after first_rank likelier ones, if there are so many.
Sampled Job::alternative(std::span<float> logits, const Sampled& likeliest) const {
  Sampled chosen = likeliest;
  const float highest = logits[likeliest.id];
  for (int rank = 0; rank < request_.first_rank; ++rank) {
    logits[chosen.id] = kForbidden;
    const auto next = std::max_element(logits.begin(), logits.end());
    if (*next == kForbidden) break;
    chosen.id = static_cast<TokenId>(next - logits.begin());
    chosen.logprob = likeliest.logprob + (*next - highest);
  }
  return chosen;
}

/// Whether the constraint allows the token.
bool Job::fits(TokenId id) const {
  const std::string_view bytes = tokenizer_.bytes(id);
  return !bytes.empty() && !tokenizer_.is_special(id) && request_.constraint->allows(bytes);
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
  for (int n_refused = 0; !fits(chosen.id); ++n_refused) {
    logits[chosen.id] = kForbidden;
    if (n_refused == kMaxRefused) {
      for (TokenId id = 0; id < static_cast<TokenId>(logits.size()); ++id) {
        if (logits[id] != kForbidden && !fits(id)) logits[id] = kForbidden;
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
  std::optional<Sampled> sampled = sampler_.sample(logits, static_cast<int>(tokens_.size()));
  if (!sampled) {
    return fathom::fail(ErrorCode::internal,
                        "the model computed numbers that are not finite; its file may be damaged: "
                        "try `fathom inspect` on it or download it again");
  }
  if (n_sampled_ == 0 && request_.first_rank > 0) sampled = alternative(logits, *sampled);
  if (request_.constraint) {
    sampled = likeliest_fitting(logits, *sampled);
    if (!sampled) {
      return fathom::fail(ErrorCode::unsupported,
                          "the vocabulary of {} has no token that may come next in the wanted form",
                          traits_.name);
    }
  }
  if (n_sampled_++ == 0) first_token_ = Clock::now();
  sum_logprob_ += sampled->logprob;

  const TokenId id = sampled->id;
  if (is_end_token(id) && !request_.ignore_end_tokens) {
    stop_ = StopReason::end_token;
    return id;
  }
  tokens_.push_back(id);
  const std::string_view bytes = tokenizer_.bytes(id);
  forced_rest_.erase(0, std::min(bytes.size(), forced_rest_.size()));

  if (request_.constraint) request_.constraint->accept(bytes);

  const bool goes_on =
      !on_token_ || on_token_({.id = id, .bytes = bytes, .logprob = sampled->logprob});
  if (!goes_on) {
    stop_ = StopReason::callback;
  } else if (request_.constraint && request_.constraint->finished()) {
    stop_ = StopReason::end_token;
  } else if (stop_strings_.feed(bytes)) {
    stop_ = StopReason::stop_string;
  } else if (static_cast<int>(tokens_.size()) - n_prompt() >= request_.max_tokens) {
    stop_ = StopReason::max_tokens;
  }
  return id;
}

void Job::finish() {
  const Clock::time_point now = Clock::now();
  GenerateResult result;
  result.tokens.assign(tokens_.begin() + n_prompt(), tokens_.end());
  result.stop = stop_.value_or(StopReason::max_tokens);
  result.prompt_tokens = n_prompt();
  result.reused_tokens = std::max(0, n_reused_);
  result.ms_total = ms_between(submitted_, now);
  if (n_sampled_ > 0) {
    result.ms_first_token = ms_between(submitted_, first_token_);
    result.ms_prefill = ms_between(begun_, first_token_);
    result.ms_decode = ms_between(first_token_, now);
    result.mean_logprob = static_cast<float>(sum_logprob_ / n_sampled_);
  }
  on_done_(std::move(result));
}

void Job::fail(Error error) { on_done_(tl::unexpected<Error>(std::move(error))); }

}  // namespace fathom::engine

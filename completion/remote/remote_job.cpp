#include "completion/remote/remote_job.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fathom::completion {
namespace {

using engine::GenerateRequest;
using engine::StopReason;
using engine::TokenId;

constexpr int kCandidates = 20;  // vLLM gives no more unless told so
constexpr int kMaxBurst = 32;
constexpr size_t kLongestToken = 1024;  // in bytes

double ms_between(std::chrono::steady_clock::time_point a,
                  std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

/// Whether a text that must begin with `wanted` can begin with `bytes`.
bool agrees(std::string_view bytes, std::string_view wanted) {
  return !bytes.empty() && (bytes.starts_with(wanted) || wanted.starts_with(bytes));
}

bool contains(const std::vector<TokenId>& ids, TokenId id) {
  return std::ranges::find(ids, id) != ids.end();
}

}  // namespace

RemoteJob::RemoteJob(GenerateRequest request, engine::Generator::OnToken on_token,
                     engine::Generator::OnDone on_done, const Model& model)
    : request_(std::move(request)),
      on_token_(std::move(on_token)),
      on_done_(std::move(on_done)),
      model_(model),
      tokens_(request_.prompt),
      stop_strings_(request_.stop_strings, kLongestToken),
      rank_left_(request_.first_rank) {
  if (model_.chooses) {
    forced_rest_ = request_.forced_prefix;
  } else {
    given_ = model_.tokenizer.encode(request_.forced_prefix);
  }
}

Status RemoteJob::check() const {
  const int n_prompt = static_cast<int>(request_.prompt.size());
  if (n_prompt == 0) return fathom::fail(ErrorCode::invalid_argument, "the prompt has no tokens");
  if (n_prompt > model_.context_tokens) {
    return fathom::fail(ErrorCode::invalid_argument,
                        "the prompt has {} tokens; the model's context there is {}: shorten it",
                        n_prompt, model_.context_tokens);
  }
  for (const TokenId id : request_.prompt) {
    if (id < 0 || id >= model_.tokenizer.vocab_size()) {
      return fathom::fail(ErrorCode::invalid_argument,
                          "token {} is not in the vocabulary, which has {} entries", id,
                          model_.tokenizer.vocab_size());
    }
  }
  if (!model_.chooses && (request_.constraint || request_.first_rank > 0)) {
    return fathom::fail(ErrorCode::unsupported,
                        "the server does not say which tokens it finds likely, so that it cannot "
                        "be kept to a form, as reviews need: take llama-server or vLLM, or the "
                        "engine here");
  }
  return {};
}

Result<Ask> RemoteJob::next() {
  FATHOM_CHECK(check());
  const int n_generated = static_cast<int>(tokens_.size() - request_.prompt.size());
  const int room = model_.context_tokens - static_cast<int>(tokens_.size() + given_.size());
  const int left = std::max(0, std::min(request_.max_tokens - n_generated, room));
  Ask ask{.prompt = tokens_, .n_tokens = left, .sampling = request_.sampling};
  ask.prompt.insert(ask.prompt.end(), given_.begin(), given_.end());
  ask.sampling.seed += static_cast<uint64_t>(n_sampled_);  // not the same chance again
  if (left == 0) return ask;
  if (exact_) {
    ask.only = fitting_tokens();
    if (ask.only.empty()) {
      return fathom::fail(ErrorCode::unsupported,
                          "the vocabulary of {} has no token that may come next in the wanted form",
                          model_.traits.name);
    }
    ask.n_tokens = 1;
  } else if (is_bound()) {
    ask.n_tokens = std::min(request_.constraint ? burst_ : 1, left);
    ask.n_candidates = kCandidates;
    ask.forbid_end = forbids_end();
  } else if (may_not_end_) {
    ask.n_tokens = 1;
    ask.forbid_end = true;
  } else {
    ask.stream = true;
    ask.forbid_end = request_.ignore_end_tokens;
  }
  return ask;
}

bool RemoteJob::is_bound() const {
  return request_.constraint || !forced_rest_.empty() ||
         (request_.first_rank > 0 && n_sampled_ == 0);
}

bool RemoteJob::forbids_end() const {
  return request_.ignore_end_tokens || (request_.forbid_empty && n_sampled_ == 0) ||
         !forced_rest_.empty() || request_.constraint;
}

bool RemoteJob::is_end_token(TokenId id) const { return contains(model_.traits.end_tokens, id); }

bool RemoteJob::fits(TokenId id) const {
  if (forbids_end() && is_end_token(id)) return false;
  if (forced_rest_.empty() && !request_.constraint) return true;
  const std::string_view bytes = model_.tokenizer.bytes(id);
  if (bytes.empty() || model_.tokenizer.is_special(id)) return false;
  if (!forced_rest_.empty() && !agrees(bytes, forced_rest_)) return false;
  return !request_.constraint || request_.constraint->allows(bytes);
}

std::vector<TokenId> RemoteJob::fitting_tokens() const {
  std::vector<TokenId> ids;
  for (TokenId id = 0; id < model_.tokenizer.vocab_size(); ++id)
    if (fits(id) && !contains(passed_by_, id)) ids.push_back(id);
  return ids;
}

/// The token to take; nothing: it has to be asked for.
std::optional<Candidate> RemoteJob::choose(const ServerToken& token) {
  const Candidate own{token.id, token.logprob};
  const bool is_ranked = rank_left_ > 0 && n_sampled_ == 0;
  if (!is_ranked && fits(own.id)) return own;
  std::vector<TokenId> passed_by;
  for (const Candidate& candidate : token.candidates) {
    if (!fits(candidate.id)) continue;
    if (!is_ranked || static_cast<int>(passed_by.size()) == rank_left_) return candidate;
    passed_by.push_back(candidate.id);
  }
  rank_left_ -= static_cast<int>(passed_by.size());
  passed_by_ = std::move(passed_by);
  return std::nullopt;
}

/// As above, where only tokens that fit were asked for.
std::optional<Candidate> RemoteJob::choose_exactly(const ServerToken& token) {
  if (rank_left_ > 0 && n_sampled_ == 0) {
    passed_by_.push_back(token.id);
    --rank_left_;
    if (!fitting_tokens().empty()) return std::nullopt;
  }
  return Candidate{token.id, token.logprob};
}

/// How likely `chosen` is among the candidates that fit: what a person has typed says nothing of
/// how sure the model is.
float RemoteJob::among_fitting(const Candidate& chosen, const ServerToken& token) const {
  double sum = 0;
  for (const Candidate& candidate : token.candidates)
    if (fits(candidate.id)) sum += std::exp(double{candidate.logprob});
  return sum > 0 ? chosen.logprob - static_cast<float>(std::log(sum)) : 0.0f;
}

void RemoteJob::begin(int reused_tokens) {
  if (n_reused_ >= 0) return;
  n_reused_ = reused_tokens;
  for (const TokenId id : std::exchange(given_, {}))
    if (!stop_) accept({id, 0});
}

Result<bool> RemoteJob::take(const ServerToken& token) {
  if (stop_ || request_.max_tokens <= 0) return false;
  if (exact_ && (!fits(token.id) || contains(passed_by_, token.id))) {
    return fathom::fail(ErrorCode::unsupported,
                        "the server does not keep to the tokens that it was allowed");
  }
  std::optional<Candidate> chosen = exact_ ? choose_exactly(token) : choose(token);
  if (!chosen && !model_.chooses) {
    stop_ = StopReason::end_token;  // of all, it was forbidden only to end
    return false;
  }
  progress_ = true;
  if (!chosen) {
    exact_ = true;
    burst_ = 1;
    return false;
  }
  if (!forced_rest_.empty()) chosen->logprob = among_fitting(*chosen, token);
  exact_ = false;
  may_not_end_ = false;
  accept(*chosen);
  if (chosen->id == token.id) return !stop_;
  burst_ = 1;
  return false;
}

void RemoteJob::accept(const Candidate& token) {
  if (n_sampled_++ == 0) first_token_ = Clock::now();
  sum_logprob_ += token.logprob;
  if (is_end_token(token.id) && !request_.ignore_end_tokens) {
    stop_ = StopReason::end_token;
    return;
  }
  tokens_.push_back(token.id);
  const std::string_view bytes = model_.tokenizer.bytes(token.id);
  forced_rest_.erase(0, std::min(bytes.size(), forced_rest_.size()));
  if (request_.constraint) request_.constraint->accept(bytes);

  const int n_generated = static_cast<int>(tokens_.size() - request_.prompt.size());
  const bool goes_on =
      !on_token_ || on_token_({.id = token.id, .bytes = bytes, .logprob = token.logprob});
  if (!goes_on) {
    stop_ = StopReason::callback;
  } else if (request_.constraint && request_.constraint->finished()) {
    stop_ = StopReason::end_token;
  } else if (stop_strings_.feed(bytes)) {
    stop_ = StopReason::stop_string;
  } else if (n_generated >= request_.max_tokens) {
    stop_ = StopReason::max_tokens;
  } else if (static_cast<int>(tokens_.size()) >= model_.context_tokens) {
    stop_ = StopReason::context_full;
  }
}

void RemoteJob::ended() {
  if (stop_) return;
  if (!model_.chooses || !forbids_end() || std::exchange(may_not_end_, true)) {
    stop_ = StopReason::end_token;
  }
  progress_ = true;
}

void RemoteJob::answered() {
  if (stop_) return;
  // A server that says that it is done and gives nothing would be asked for ever.
  if (request_.max_tokens <= 0 || !std::exchange(progress_, false)) {
    stop_ = StopReason::max_tokens;
  } else if (!exact_) {
    burst_ = std::min(2 * burst_, kMaxBurst);
  }
}

void RemoteJob::finish() {
  const Clock::time_point now = Clock::now();
  const size_t n_prompt = request_.prompt.size();
  engine::GenerateResult result;
  result.tokens.assign(tokens_.begin() + static_cast<ptrdiff_t>(n_prompt), tokens_.end());
  result.stop = stop_.value_or(StopReason::max_tokens);
  result.prompt_tokens = static_cast<int>(n_prompt);
  result.reused_tokens = std::max(0, n_reused_);
  result.ms_total = ms_between(submitted_, now);
  if (n_sampled_ > 0) {
    result.ms_first_token = ms_between(submitted_, first_token_);
    result.ms_prefill = ms_between(submitted_, first_token_);
    result.ms_decode = ms_between(first_token_, now);
    result.mean_logprob = static_cast<float>(sum_logprob_ / n_sampled_);
  }
  on_done_(std::move(result));
}

void RemoteJob::fail(Error error) { on_done_(tl::unexpected<Error>(std::move(error))); }

}  // namespace fathom::completion

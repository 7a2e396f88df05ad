#include "engine/generation_record.h"

#include <algorithm>
#include <utility>

namespace fathom::engine {
namespace {

constexpr size_t kLongestToken = 1024;  // in bytes

double ms_between(std::chrono::steady_clock::time_point a,
                  std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

}  // namespace

Status check_request(const GenerateRequest& request, int context_tokens, int vocab_size) {
  const std::vector<TokenId>& prompt = request.prompt;
  if (prompt.empty()) return fail(ErrorCode::invalid_argument, "the prompt has no tokens");
  if (std::ssize(prompt) > context_tokens) {
    return fail(ErrorCode::invalid_argument,
                "the prompt has {} tokens; the model's context here is {}: shorten it",
                prompt.size(), context_tokens);
  }
  for (const std::vector<TokenId>& tokens : {std::cref(prompt), std::cref(request.allowed)}) {
    for (const TokenId id : tokens) {
      if (id < 0 || id >= vocab_size) {
        return fail(ErrorCode::invalid_argument,
                    "token {} is not in the vocabulary, which has {} entries", id, vocab_size);
      }
    }
  }
  return {};
}

GenerationRecord::GenerationRecord(GenerateRequest request, Generator::OnToken on_token,
                                   Generator::OnDone on_done, const Tokenizer& tokenizer,
                                   const ModelTraits& traits)
    : request_(std::move(request)),
      on_token_(std::move(on_token)),
      on_done_(std::move(on_done)),
      tokenizer_(tokenizer),
      traits_(traits),
      tokens_(request_.prompt),
      forced_rest_(request_.forced_prefix),
      stop_strings_(request_.stop_strings, kLongestToken) {
  // Everything that grows per token gets its room now: decoding allocates nothing.
  tokens_.reserve(request_.prompt.size() + static_cast<size_t>(std::max(0, request_.max_tokens)));
}

bool GenerationRecord::is_end_token(TokenId id) const {
  return std::ranges::find(traits_.end_tokens, id) != traits_.end_tokens.end();
}

bool GenerationRecord::forbids_end() const {
  return request_.ignore_end_tokens || (request_.forbid_empty && n_sampled_ == 0) ||
         !forced_rest_.empty();
}

bool GenerationRecord::fits_prefix(TokenId id) const {
  if (forced_rest_.empty()) return true;
  const std::string_view bytes = tokenizer_.bytes(id);
  return !bytes.empty() && !tokenizer_.is_special(id) &&
         (bytes.starts_with(forced_rest_) || forced_rest_.starts_with(bytes));
}

bool GenerationRecord::fits_constraint(TokenId id) const {
  const std::string_view bytes = tokenizer_.bytes(id);
  return !bytes.empty() && !tokenizer_.is_special(id) && request_.constraint->allows(bytes);
}

tl::unexpected<Error> GenerationRecord::nothing_fits() const {
  return fathom::fail(ErrorCode::unsupported,
                      "the vocabulary of {} has no token that may come next in the wanted form",
                      traits_.name);
}

bool GenerationRecord::begin(int reused) {
  if (n_reused_ >= 0) return false;
  n_reused_ = reused;
  begun_ = Clock::now();
  return true;
}

void GenerationRecord::accept(TokenId id, float logprob, std::span<const Candidate> candidates) {
  if (n_sampled_++ == 0) first_token_ = Clock::now();
  sum_logprob_ += logprob;
  if (is_end_token(id) && !request_.ignore_end_tokens) {
    stop_ = StopReason::end_token;
    return;
  }
  tokens_.push_back(id);
  const std::string_view bytes = tokenizer_.bytes(id);
  forced_rest_.erase(0, std::min(bytes.size(), forced_rest_.size()));
  if (request_.constraint) request_.constraint->accept(bytes);

  const bool goes_on =
      !on_token_ ||
      on_token_({.id = id, .bytes = bytes, .logprob = logprob, .candidates = candidates});
  if (!goes_on) {
    stop_ = StopReason::callback;
  } else if (request_.constraint && request_.constraint->finished()) {
    stop_ = StopReason::end_token;
  } else if (stop_strings_.feed(bytes)) {
    stop_ = StopReason::stop_string;
  } else if (static_cast<int>(tokens_.size()) - n_prompt() >= request_.max_tokens) {
    stop_ = StopReason::max_tokens;
  }
}

void GenerationRecord::finish() {
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

void GenerationRecord::fail(Error error) { on_done_(tl::unexpected<Error>(std::move(error))); }

}  // namespace fathom::engine

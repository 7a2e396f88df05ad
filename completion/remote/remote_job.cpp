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

bool contains(const std::vector<TokenId>& ids, TokenId id) {
  return std::ranges::find(ids, id) != ids.end();
}

}  // namespace

RemoteJob::RemoteJob(GenerateRequest request, engine::Generator::OnToken on_token,
                     engine::Generator::OnDone on_done, const Model& model)
    : model_(model),
      record_(std::move(request), std::move(on_token), std::move(on_done), model.tokenizer,
              model.traits),
      rank_left_(this->request().first_rank) {
  if (!model_.can.chooses) given_ = model_.tokenizer.encode(this->request().forced_prefix);
  const bool is_prompt_alone = this->request().max_tokens <= 0;
  if (is_prompt_alone && !model_.can.takes_prompts) record_.stop(StopReason::max_tokens);
}

Status RemoteJob::check() const {
  FATHOM_CHECK(
      engine::check_request(request(), model_.context_tokens, model_.tokenizer.vocab_size()));
  if (!model_.can.completes && !request().conversation) {
    return fathom::fail(ErrorCode::unsupported,
                        "the server only talks and continues no text, as completions need: take "
                        "another one for them, or the engine here");
  }
  const bool has_schema = request().conversation && request().constraint &&
                          !request().constraint->json_schema().empty();
  if (!model_.can.chooses && ((request().constraint && !has_schema) || request().first_rank > 0)) {
    return fathom::fail(ErrorCode::unsupported,
                        "the server does not say which tokens it finds likely, so that it cannot "
                        "be kept to a form, as reviews need: take llama-server or vLLM, or the "
                        "engine here");
  }
  return {};
}

Result<Ask> RemoteJob::next() {
  FATHOM_CHECK(check());
  const std::span<const TokenId> tokens = record_.tokens();
  const int n_tokens = static_cast<int>(tokens.size());
  const int room = model_.context_tokens - n_tokens - static_cast<int>(given_.size());
  const int n_generated = n_tokens - record_.n_prompt();
  const int left = std::max(0, std::min(request().max_tokens - n_generated, room));
  Ask ask{.n_tokens = left, .sampling = request().sampling, .conversation = request().conversation};
  ask.prompt.assign(tokens.begin(), tokens.end());
  ask.prompt.insert(ask.prompt.end(), given_.begin(), given_.end());
  ask.sampling.seed += static_cast<uint64_t>(record_.n_sampled());  // not the same chance again
  if (left == 0) return ask;
  if (exact_) {
    ask.only = fitting_tokens();
    if (ask.only.empty()) return record_.nothing_fits();
    ask.n_tokens = 1;
  } else if (is_bound()) {
    ask.n_tokens = std::min(request().constraint ? burst_ : 1, left);
    ask.n_candidates = kCandidates;
    ask.forbid_end = forbids_end();
  } else if (may_not_end_) {
    ask.n_tokens = 1;
    ask.forbid_end = true;
  } else {
    ask.stream = true;
    ask.forbid_end = request().ignore_end_tokens;
    if (request().constraint) ask.schema = request().constraint->json_schema();
  }
  return ask;
}

/// A server that cannot choose is only given the prefix.
bool RemoteJob::is_bound() const {
  return model_.can.chooses && (request().constraint || !record_.forced_rest().empty() ||
                                (request().first_rank > 0 && record_.n_sampled() == 0));
}

bool RemoteJob::forbids_end() const { return record_.forbids_end() || request().constraint; }

bool RemoteJob::fits(TokenId id) const {
  if (forbids_end() && record_.is_end_token(id)) return false;
  return record_.fits_prefix(id) && (!request().constraint || record_.fits_constraint(id));
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
  const bool is_ranked = rank_left_ > 0 && record_.n_sampled() == 0;
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
  if (rank_left_ > 0 && record_.n_sampled() == 0) {
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
  if (!record_.begin(reused_tokens)) return;
  accept_all(std::exchange(given_, {}));
}

void RemoteJob::accept_all(std::span<const TokenId> ids) {
  for (const TokenId id : ids)
    if (!finished()) accept({id, 0});
}

RemoteJob::Thought RemoteJob::thought() const {
  const engine::ChatTraits& chat = *model_.traits.chat;
  const std::span<const TokenId> tokens = record_.tokens();
  for (auto id = tokens.rbegin(); id != tokens.rend(); ++id) {
    if (*id == chat.think_end) return Thought::closed;
    if (*id == chat.think_begin) return Thought::open;
  }
  return Thought::not_begun;
}

bool RemoteJob::take_reasoning(std::string_view text) {
  if (finished() || request().max_tokens <= 0) return false;
  const bool has_place =
      model_.traits.chat && model_.traits.chat->think_end && !request().constraint;
  if (!has_place) return true;
  thinks_apart_ = true;
  progress_ = true;
  if (thought() == Thought::not_begun && model_.traits.chat->think_begin)
    accept({*model_.traits.chat->think_begin, 0});
  if (thought() == Thought::open) accept_all(model_.tokenizer.encode(text));
  return !finished();
}

Result<bool> RemoteJob::take(const ServerToken& token) {
  if (finished() || request().max_tokens <= 0) return false;
  if (exact_ && (!fits(token.id) || contains(passed_by_, token.id))) {
    return fathom::fail(ErrorCode::unsupported,
                        "the server does not keep to the tokens that it was allowed");
  }
  if (thinks_apart_ && thought() == Thought::open) accept({*model_.traits.chat->think_end, 0});
  if (finished()) return false;
  std::optional<Candidate> chosen = exact_ ? choose_exactly(token) : choose(token);
  if (!chosen && !model_.can.chooses) {
    if (request().constraint && record_.n_sampled() == 0) {
      return fathom::fail(ErrorCode::unsupported,
                          "the server does not keep to the form that it was asked for "
                          "(response_format), as reviews need: take llama-server or vLLM, or the "
                          "engine here");
    }
    record_.stop(StopReason::end_token);
    return false;
  }
  progress_ = true;
  if (!chosen) {
    exact_ = true;
    burst_ = 1;
    return false;
  }
  if (!record_.forced_rest().empty()) chosen->logprob = among_fitting(*chosen, token);
  exact_ = false;
  may_not_end_ = false;
  accept(*chosen);
  if (chosen->id == token.id) return !finished();
  burst_ = 1;
  return false;
}

void RemoteJob::accept(const Candidate& token) {
  record_.accept(token.id, token.logprob);
  const bool is_full = std::ssize(record_.tokens()) >= model_.context_tokens;
  if (is_full && !finished()) record_.stop(StopReason::context_full);
}

void RemoteJob::ended() {
  if (finished()) return;
  if (!model_.can.chooses || !forbids_end() || std::exchange(may_not_end_, true)) {
    record_.stop(StopReason::end_token);
  }
  progress_ = true;
}

void RemoteJob::answered() {
  if (finished()) return;
  // A server that says that it is done and gives nothing would be asked for ever.
  if (request().max_tokens <= 0 || !std::exchange(progress_, false)) {
    record_.stop(StopReason::max_tokens);
  } else if (!exact_) {
    burst_ = std::min(2 * burst_, kMaxBurst);
  }
}

}  // namespace fathom::completion

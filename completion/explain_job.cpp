#include "completion/explain_job.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "completion/chat/encode_chat.h"
#include "completion/lines.h"
#include "completion/prompt/explain_prompt.h"
#include "completion/repetition.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {
namespace {

using engine::GenerateResult;
using engine::TokenId;

/// Whole lines from the line of `begin` to that of the last byte before `end`.
std::string_view lines_of(std::string_view text, size_t begin, size_t end) {
  const size_t first = line_start(text, begin);
  const size_t last = end > begin ? end - 1 : end;
  return text.substr(first, line_end(text, last) - first);
}

/// The first lines of `text`, at most `max_bytes`, at least part of one.
std::string_view first_lines(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  const size_t newline = text.substr(0, max_bytes).rfind('\n');
  if (newline != std::string_view::npos && newline > 0) return text.substr(0, newline);
  return text.substr(0, next_character(text, max_bytes));
}

/// What must be left of the context for an answer behind reasoning that was cut off.
constexpr int kMinAnswerRoom = 16;

/// Whether the end of `text` goes round in circles. Models of every size do when they are greedy.
bool is_looping(std::string_view text) {
  constexpr size_t kMaxBytes = 1024;  // a loop shows itself in less
  if (text.size() > kMaxBytes) text.remove_prefix(text.size() - kMaxBytes);
  return length_before_loop(text).has_value();
}

void add(GenerateResult& sum, const GenerateResult& part) {
  if (sum.prompt_tokens == 0) {
    sum = part;
    return;
  }
  const auto n = static_cast<float>(sum.tokens.size());
  const auto n_part = static_cast<float>(part.tokens.size());
  if (n + n_part > 0) {
    sum.mean_logprob = (sum.mean_logprob * n + part.mean_logprob * n_part) / (n + n_part);
  }
  sum.tokens.insert(sum.tokens.end(), part.tokens.begin(), part.tokens.end());
  sum.stop = part.stop;
  sum.ms_prefill += part.ms_prefill;
  sum.ms_decode += part.ms_decode;
  sum.ms_total += part.ms_total;
}

}  // namespace

ExplainJob::ExplainJob(engine::Generator& generator, Log& log, ExplainRequest request,
                       int max_request_tokens, Post post, Assistant::OnDelta on_delta,
                       Assistant::OnExplanation on_done)
    : generator_(generator),
      log_(log),
      request_(std::move(request)),
      max_request_tokens_(max_request_tokens),
      post_(std::move(post)),
      on_done_(std::move(on_done)),
      on_delta_(std::move(on_delta)) {}

void ExplainJob::start() {
  if (request_.cancel.cancelled()) return on_done_(fail(ErrorCode::cancelled, "cancelled"));
  auto prompt = build_prompt();
  if (!prompt) return on_done_(tl::unexpected(prompt.error()));
  prompt_ = *std::move(prompt);
  stream_.emplace(generator_.traits().chat.value(), prompt_, std::move(on_delta_));
  const bool no_reasoning = stream_->channel() == Channel::reasoning &&
                            request_.max_reasoning_tokens <= 0 && can_close_reasoning();
  if (no_reasoning) return answer_now();
  submit(request_.max_reasoning_tokens + request_.max_answer_tokens + 1);
}

Result<std::vector<TokenId>> ExplainJob::build_prompt() {
  const engine::ModelTraits& traits = generator_.traits();
  const Snapshot& snapshot = *request_.snapshot;
  if (traits.has_unknown_chat_template) {
    return fail(ErrorCode::unsupported,
                "the chat template of {} is not one fathom knows; docs/prompts.md lists them",
                traits.name);
  }
  if (!traits.chat) {
    return fail(ErrorCode::unsupported,
                "{} is a base model: it completes code but was not trained to explain it; choose a "
                "chat or instruct model",
                traits.name);
  }
  if (request_.begin > request_.end || request_.end > snapshot.text.size()) {
    return fail(ErrorCode::invalid_argument, "{}: bytes {} to {} are not in the text of {} bytes",
                snapshot.path, request_.begin, request_.end, snapshot.text.size());
  }
  const std::string_view all = lines_of(snapshot.text, request_.begin, request_.end);
  if (is_blank(all)) {
    return fail(ErrorCode::invalid_argument, "{}: there is no code to explain", snapshot.path);
  }

  // Half of the context for the code, or more if little is to be generated.
  const int new_tokens = request_.max_reasoning_tokens + request_.max_answer_tokens + 1;
  const int room = max_request_tokens_ - std::min(new_tokens, max_request_tokens_ / 2);
  // Code has fewer than 8 bytes a token: what is cut here would not fit, and is not encoded.
  std::string_view code = first_lines(all, static_cast<size_t>(room) * 8);
  while (true) {
    // Everything is in the user's turn: reasoning models do best without a system message.
    const ChatMessage message{.role = ChatRole::user,
                              .content = explain_message(snapshot, code, request_.question)};
    FATHOM_TRY(prompt, encode_chat({&message, 1}, {.thinking = request_.max_reasoning_tokens > 0},
                                   *traits.chat, generator_.tokenizer()));
    if (static_cast<int>(prompt.size()) <= room) {
      saw_all_ = code.size() == all.size();
      if (!saw_all_) {
        log_.info("{}: explaining the first {} of {} bytes, which is what fits into the context",
                  snapshot.path, code.size(), all.size());
      }
      conversation_ = conversation_of({&message, 1}, prompt.size());
      return prompt;
    }
    const size_t fewer = code.size() * static_cast<size_t>(room) / prompt.size() * 9 / 10;
    if (fewer == 0) {
      return fail(ErrorCode::invalid_argument,
                  "the question alone does not fit into the model's context of {} tokens",
                  max_request_tokens_);
    }
    code = first_lines(code, fewer);
  }
}

void ExplainJob::submit(int max_tokens) {
  const engine::ModelTraits& traits = generator_.traits();
  const int room = max_request_tokens_ - static_cast<int>(prompt_.size());
  engine::GenerateRequest request{.prompt = prompt_,
                                  .conversation = conversation_,
                                  .max_tokens = std::max(std::min(max_tokens, room), 1),
                                  .sampling = {.temperature = traits.chat->temperature,
                                               .top_p = traits.chat->top_p,
                                               .seed = request_.seed},
                                  .priority = engine::Priority::explanation,
                                  .cancel = request_.cancel};
  generator_.submit(
      std::move(request),
      [self = shared_from_this()](const engine::TokenEvent& event) { return self->take(event); },
      [self = shared_from_this()](Result<GenerateResult> result) {
        self->generated(std::move(result));
      });
}

bool ExplainJob::take(const engine::TokenEvent& event) {
  const bool is_special = generator_.tokenizer().is_special(event.id);
  stream_->feed(event.id, is_special ? std::string_view() : event.bytes);
  if (stream_->channel() == Channel::answer) {
    return stream_->n_answer_tokens() < request_.max_answer_tokens &&
           !is_looping(stream_->answer());
  }
  if (!can_close_reasoning()) return true;
  return !request_.answer_now.cancelled() &&
         stream_->n_reasoning_tokens() < request_.max_reasoning_tokens &&
         !is_looping(stream_->reasoning());
}

void ExplainJob::generated(Result<GenerateResult> result) {
  if (!result) return on_done_(tl::unexpected(std::move(result.error())));
  if (request_.cancel.cancelled()) return on_done_(fail(ErrorCode::cancelled, "cancelled"));
  add(stats_, *result);
  prompt_.insert(prompt_.end(), result->tokens.begin(), result->tokens.end());
  const bool has_room = static_cast<int>(prompt_.size()) + kMinAnswerRoom <= max_request_tokens_;
  if (stream_->channel() == Channel::reasoning && can_close_reasoning() && has_room) {
    // Not from here: a generator need not take requests inside its own callbacks.
    return post_([self = shared_from_this()] { self->answer_now(); });
  }
  if (stream_->channel() == Channel::reasoning)
    log_.info("{}: the reasoning filled the context; there is no answer", request_.snapshot->path);
  stream_->finish();
  on_done_(Explanation{.reasoning = stream_->reasoning(),
                       .answer = stream_->answer(),
                       .saw_all = saw_all_,
                       .stats = stats_});
}

bool ExplainJob::can_close_reasoning() const {
  return generator_.traits().chat->think_end.has_value();
}

void ExplainJob::answer_now() {
  const engine::ChatTraits& chat = *generator_.traits().chat;
  stream_->begin_answer();
  prompt_.push_back(chat.think_end.value());
  // Models that were trained with both modes begin the answer right behind the token.
  if (chat.reasoning != engine::Reasoning::optional) generator_.tokenizer().encode("\n\n", prompt_);
  submit(request_.max_answer_tokens);
}

}  // namespace fathom::completion

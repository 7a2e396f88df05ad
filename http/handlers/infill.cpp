#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "http/fim_prompt.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
#include "http/reply.h"
#include "http/text_stream.h"

namespace fathom::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxOtherFiles = 256;
constexpr int kMaxFields = 64;

struct Question {
  Hole hole;
  int n_predict = 128;
  int ms_predict = 0;  // then a line that is complete is the end; 0: no limit
  engine::SamplingParams sampling;
  std::vector<std::string> stops;
  bool stream = false;
  std::vector<std::string> fields;  // of the answer, that are wanted; none: all of them
};

Result<Question> read(const Request& request) {
  Question question;
  FATHOM_TRY(body, parse_body(request.body));
  FATHOM_CHECK(refuse(body, {"grammar", "json_schema", "n_probs"}));
  FATHOM_TRY(prefix, text_at(body, "input_prefix", ""));
  FATHOM_TRY(suffix, text_at(body, "input_suffix", ""));
  FATHOM_TRY(begun, text_at(body, "prompt", ""));
  question.hole = {.others = {}, .prefix = prefix, .suffix = suffix, .begun = begun};
  const Json others = body.value("input_extra", Json::array());
  if (!others.is_array() || others.size() > kMaxOtherFiles) {
    return fail(ErrorCode::invalid_argument, "`input_extra` must be an array of at most {} files",
                kMaxOtherFiles);
  }
  for (const Json& file : others) {
    if (!file.is_object())
      return fail(ErrorCode::invalid_argument, "`input_extra` must hold objects");
    FATHOM_TRY(path, text_at(file, "filename", ""));
    FATHOM_TRY(text, text_at(file, "text", ""));
    question.hole.others.push_back({path, text});
  }
  FATHOM_TRY(n_predict, integer_at(body, "n_predict", 128, -1, 1 << 20));
  question.n_predict = n_predict < 0 ? 1 << 20 : int(n_predict);
  FATHOM_TRY(ms_predict, integer_at(body, "t_max_predict_ms", 0, 0, 1 << 30));
  question.ms_predict = int(ms_predict);
  FATHOM_TRY(sampling, sampling_at(body));
  question.sampling = sampling.over({});
  FATHOM_TRY(stops, stops_at(body));
  question.stops = std::move(stops);
  FATHOM_TRY(stream, flag_at(body, "stream", false));
  question.stream = stream;
  const Json fields = body.value("response_fields", Json::array());
  bool are_names = fields.is_array() && fields.size() <= kMaxFields;
  for (const Json& field : fields) are_names = are_names && field.is_string();
  if (!are_names) {
    return fail(ErrorCode::invalid_argument,
                "`response_fields` must be an array of at most {} names", kMaxFields);
  }
  question.fields = fields.get<std::vector<std::string>>();
  return question;
}

/// What llama.vim asks for: the named members, "timings/prompt_n" under that very name.
Json only(const Json& answer, const std::vector<std::string>& fields) {
  Json chosen = Json::object();
  for (const std::string& field : fields) {
    const size_t slash = field.find('/');
    const bool is_inner = slash != std::string::npos;
    const Json whole = is_inner ? answer.value(field.substr(0, slash), Json()) : answer;
    const std::string name = is_inner ? field.substr(slash + 1) : field;
    if (whole.is_object() && whole.contains(name)) chosen[field] = whole[name];
  }
  return chosen;
}

double per_second(int n, double ms) { return ms > 0 ? 1e3 * n / ms : 0.0; }

class Infill final : public Answer {
 public:
  Infill(ExchangePtr exchange, Question question, std::string model)
      : exchange_(std::move(exchange)),
        question_(std::move(question)),
        model_(std::move(model)),
        text_(question_.stops) {}

  Result<engine::GenerateRequest> ask(const engine::Generator& generator) override {
    FATHOM_TRY(prompt, fim_prompt(question_.hole, generator));
    return engine::GenerateRequest{.prompt = std::move(prompt),
                                   .max_tokens = question_.n_predict,
                                   .sampling = question_.sampling};
  }

  bool take(const engine::TokenEvent& event) override {
    if (!begun_) begun_ = Clock::now();
    send(text_.feed(event.bytes));
    // As llama-server: time counts from the first token, and the line is finished.
    const bool late = question_.ms_predict > 0 &&
                      Clock::now() - *begun_ > std::chrono::milliseconds(question_.ms_predict);
    return !text_.stopped() && !(late && event.bytes.find('\n') != std::string_view::npos);
  }

  void finish(const engine::GenerateResult& result) override {
    send(text_.finish());
    const int n_computed = result.prompt_tokens - result.reused_tokens;
    const int n_generated = int(result.tokens.size());
    const bool limit = result.stop == engine::StopReason::max_tokens;
    Json body = {{"content", question_.stream ? "" : whole_},
                 {"stop", true},
                 {"stop_type", limit             ? "limit"
                               : text_.stopped() ? "word"
                                                 : "eos"},
                 {"model", model_},
                 {"tokens_predicted", n_generated},
                 {"tokens_evaluated", result.prompt_tokens},
                 {"tokens_cached", result.reused_tokens},
                 {"truncated", false},
                 {"timings",
                  {{"cache_n", result.reused_tokens},
                   {"prompt_n", n_computed},
                   {"prompt_ms", result.ms_prefill},
                   {"prompt_per_second", per_second(n_computed, result.ms_prefill)},
                   {"predicted_n", n_generated},
                   {"predicted_ms", result.ms_decode},
                   {"predicted_per_second", per_second(n_generated, result.ms_decode)}}}};
    if (!question_.fields.empty()) body = only(body, question_.fields);
    if (!question_.stream) return reply_json(*exchange_, 200, body);
    exchange_->event(to_line(body));
    exchange_->end_events();
  }

  void fail(const Error& error) override { reply_error(*exchange_, error, has_begun_); }

 private:
  void send(std::string text) {
    if (!question_.stream) {
      whole_ += text;
    } else if (!text.empty()) {
      has_begun_ = true;
      exchange_->event(to_line({{"content", text}, {"stop", false}}));
    }
  }

  const ExchangePtr exchange_;
  const Question question_;
  const std::string model_;
  TextStream text_;
  std::optional<Clock::time_point> begun_;
  std::string whole_;
  bool has_begun_ = false;
};

}  // namespace

/// POST /infill, as llama-server's: what llama.vim and llama.vscode ask for at each key.
/// `n_predict` 0 computes the prompt only.
void infill(const Api& api, const ExchangePtr& exchange) {
  answer_question<Infill>(api, exchange, completion::Role::completion, read(exchange->request()));
}

}  // namespace fathom::http

// From a request to a model's tokens.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "completion/model_host.h"
#include "engine/generator.h"
#include "http/api.h"
#include "http/reply.h"

namespace fathom::http {

/// What a handler does with a model. Calls come one at a time.
class Answer {
 public:
  virtual ~Answer() = default;

  /// The prompt and its limits, for this model. Its priority and cancel are set elsewhere.
  virtual Result<engine::GenerateRequest> ask(const engine::Generator& generator) = 0;
  /// As Generator::OnToken.
  virtual bool take(const engine::TokenEvent& event) = 0;
  /// It ended well: what the model is to go on with; nothing: that was all.
  virtual std::optional<engine::GenerateRequest> go_on(const engine::GenerateResult& /*result*/) {
    return std::nullopt;
  }
  /// All of it ended well.
  virtual void finish(const engine::GenerateResult& result) = 0;
  /// It did not, or never began.
  virtual void fail(const Error& error) = 0;
};

/// Waits for the role's model and has it answer. Editors come first: these jobs have the priority
/// of explanations.
void generate(const Api& api, const ExchangePtr& exchange, completion::Role role,
              std::shared_ptr<Answer> answer);

/// Has a model answer a question, or says what is wrong with it.
template <class Answers, class Question>
void answer_question(const Api& api, const ExchangePtr& exchange, completion::Role role,
                     Result<Question> question) {
  if (!question) return reply_error(*exchange, question.error());
  generate(
      api, exchange, role,
      std::make_shared<Answers>(exchange, std::move(*question),
                                model_id(api.models.state(role, completion::Reach::this_machine))));
}

/// `use` gets the role's model once it is loaded. The exchange is answered if that fails.
void with_model(const Api& api, const ExchangePtr& exchange, completion::Role role,
                std::function<void(const engine::Generator&)> use);

}  // namespace fathom::http

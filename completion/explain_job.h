// One explanation from request to answer.
//
// The reasoning has a budget: when it is spent, generation stops and begins again behind what was
// said so far and the token that closes the reasoning, so that the answer follows ("answer now").
// So it does when the client asks for it, when the model ends its text inside the reasoning, or
// reasons in circles. An answer
// that repeats itself ends there.
//
// Threads: start() and the continuation run as posted work; tokens arrive on the generator's
// thread; never two at a time.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "completion/assistant.h"
#include "completion/reasoning_stream.h"
#include "engine/generator.h"

namespace fathom::completion {

class ExplainJob final : public std::enable_shared_from_this<ExplainJob> {
 public:
  using Post = std::function<void(std::function<void()>)>;

  /// `post` runs work later, outside the generator's callbacks. `max_request_tokens`: prompt and
  /// answer together. `request.cancel` ends the job.
  ExplainJob(engine::Generator& generator, Log& log, ExplainRequest request, int max_request_tokens,
             Post post, Assistant::OnDelta on_delta, Assistant::OnExplanation on_done);

  void start();

 private:
  Result<std::vector<engine::TokenId>> build_prompt();
  void submit(int max_tokens);
  bool take(const engine::TokenEvent& event);
  void generated(Result<engine::GenerateResult> result);
  bool can_close_reasoning() const;
  void answer_now();

  engine::Generator& generator_;
  Log& log_;
  const ExplainRequest request_;
  const int max_request_tokens_;
  const Post post_;
  const Assistant::OnExplanation on_done_;
  Assistant::OnDelta on_delta_;            // until stream_ has it
  std::optional<ReasoningStream> stream_;  // from start() on
  std::vector<engine::TokenId> prompt_;
  std::shared_ptr<const engine::Conversation> conversation_;  // that prompt_ begins with
  bool saw_all_ = true;                                       // the code was not cut
  engine::GenerateResult stats_;                              // of all parts together
};

}  // namespace fathom::completion

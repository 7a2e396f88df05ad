#include "http/generation.h"

namespace fathom::http {

using completion::Assistant;

void generate(const Api& api, const ExchangePtr& exchange, completion::Role role,
              std::shared_ptr<Answer> answer) {
  api.models.when_ready(role, [exchange, jobs = api.jobs, answer = std::move(answer)](
                                  Result<std::shared_ptr<Assistant>> assistant) {
    if (!assistant) return answer->fail(assistant.error());
    engine::Generator& generator = (*assistant)->generator();
    Result<engine::GenerateRequest> request = answer->ask(generator);
    if (!request) return answer->fail(request.error());
    if (!jobs->begin()) {
      return answer->fail({ErrorCode::cancelled, "too many requests are being answered already"});
    }
    request->priority = engine::Priority::explanation;
    request->cancel = exchange->cancel();
    generator.submit(
        std::move(*request),
        [answer](const engine::TokenEvent& event) { return answer->take(event); },
        // The assistant keeps the generator, and must last until the job has ended.
        [answer, jobs, held = *assistant](Result<engine::GenerateResult> result) mutable {
          if (result) {
            answer->finish(*result);
          } else {
            answer->fail(result.error());
          }
          held.reset();
          jobs->end();
        });
  });
}

void with_model(const Api& api, const ExchangePtr& exchange, completion::Role role,
                std::function<void(const engine::Generator&)> use) {
  api.models.when_ready(
      role, [exchange, use = std::move(use)](Result<std::shared_ptr<Assistant>> assistant) {
        if (!assistant) return reply_error(*exchange, assistant.error());
        use((*assistant)->generator());
      });
}

}  // namespace fathom::http

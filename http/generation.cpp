#include "http/generation.h"

namespace fathom::http {

using completion::Assistant;
using completion::Reach;  // clients of the API have asked this machine

namespace {

struct Run {
  std::shared_ptr<Assistant> assistant;  // keeps the generator, and must last until the job ends
  std::shared_ptr<Answer> answer;
  std::shared_ptr<JobCount> jobs;
  CancelToken cancel;
};

void submit(Run run, engine::GenerateRequest request) {
  request.priority = engine::Priority::explanation;
  request.cancel = run.cancel;
  engine::Generator& generator = run.assistant->generator();
  generator.submit(
      std::move(request),
      [answer = run.answer](const engine::TokenEvent& event) { return answer->take(event); },
      [run](Result<engine::GenerateResult> result) mutable {
        if (result) {
          if (auto next = run.answer->go_on(*result))
            return submit(std::move(run), std::move(*next));
        }
        run.assistant.reset();
        // Before the answer: who gets it may ask the next question at once.
        run.jobs->end();
        if (result) {
          run.answer->finish(*result);
        } else {
          run.answer->fail(result.error());
        }
      });
}

}  // namespace

void generate(const Api& api, const ExchangePtr& exchange, completion::Role role,
              std::shared_ptr<Answer> answer) {
  api.models.when_ready(role, Reach::this_machine,
                        [exchange, jobs = api.jobs,
                         answer = std::move(answer)](Result<std::shared_ptr<Assistant>> assistant) {
                          if (!assistant) return answer->fail(assistant.error());
                          Result<engine::GenerateRequest> request =
                              answer->ask((*assistant)->generator());
                          if (!request) return answer->fail(request.error());
                          if (!jobs->begin()) {
                            return answer->fail({ErrorCode::cancelled,
                                                 "too many requests are being answered already"});
                          }
                          submit({.assistant = std::move(*assistant),
                                  .answer = answer,
                                  .jobs = jobs,
                                  .cancel = exchange->cancel()},
                                 std::move(*request));
                        });
}

void with_model(const Api& api, const ExchangePtr& exchange, completion::Role role,
                std::function<void(const engine::Generator&)> use) {
  api.models.when_ready(
      role, Reach::this_machine,
      [exchange, use = std::move(use)](Result<std::shared_ptr<Assistant>> assistant) {
        if (!assistant) return reply_error(*exchange, assistant.error());
        use((*assistant)->generator());
      });
}

}  // namespace fathom::http

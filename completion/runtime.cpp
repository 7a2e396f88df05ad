#include "completion/runtime.h"

#include "completion/model_location.h"

namespace fathom::completion {

Result<std::unique_ptr<Runtime>> Runtime::create(const RuntimeOptions& options, Log& log) {
  FATHOM_TRY(checkpoint, open_model(options.model));
  FATHOM_TRY(engine, engine::EngineThread::start(checkpoint,
                                                 {.backend = options.backend,
                                                  .n_threads = options.n_threads,
                                                  .context_tokens = options.context_tokens,
                                                  .force_fim = options.force_fim,
                                                  .threads = options.threads,
                                                  .trace = options.trace},
                                                 log));

  std::unique_ptr<Runtime> runtime(new Runtime);
  runtime->engine_ = std::move(engine);
  runtime->assistant_ = std::make_unique<Assistant>(
      *runtime->engine_, log,
      AssistantOptions{.threads = options.threads,
                       .max_prompt_tokens = runtime->engine_->info().context_tokens,
                       .trace = options.trace});
  return runtime;
}

}  // namespace fathom::completion

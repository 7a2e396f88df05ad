#include "engine/generator.h"

#include <future>
#include <utility>

namespace fathom::engine {

std::string_view name_of(StopReason reason) {
  switch (reason) {
    case StopReason::end_token:
      return "end_token";
    case StopReason::max_tokens:
      return "max_tokens";
    case StopReason::stop_string:
      return "stop_string";
    case StopReason::callback:
      return "callback";
    case StopReason::context_full:
      return "context_full";
  }
  return "end_token";
}

Result<GenerateResult> generate(Generator& generator, GenerateRequest request,
                                Generator::OnToken on_token) {
  std::promise<Result<GenerateResult>> promise;
  std::future<Result<GenerateResult>> result = promise.get_future();
  generator.submit(std::move(request), std::move(on_token),
                   [&](Result<GenerateResult> done) { promise.set_value(std::move(done)); });
  return result.get();
}

}  // namespace fathom::engine

#include "engine/backend.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {

std::vector<std::string> available_backends() { return {"reference"}; }

Result<std::unique_ptr<Backend>> make_backend(std::string_view name,
                                              const BackendOptions& options) {
  if (name == "auto") name = "reference";
  if (name == "reference") return std::make_unique<ReferenceBackend>(options.n_threads);
  return fail(ErrorCode::invalid_argument, "unknown backend: {}", name);
}

}  // namespace fathom::engine

#include <cstdlib>

#include "engine/backend.h"
#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {

std::vector<std::string> available_backends() {
  if (cpu::choose_cpu_variant("")) return {"cpu", "reference"};
  return {"reference"};
}

Result<std::unique_ptr<Backend>> make_backend(std::string_view name,
                                              const BackendOptions& options) {
  const std::string chosen = name == "auto" ? available_backends().front() : std::string(name);
  if (chosen == "reference") return std::make_unique<ReferenceBackend>(options.n_threads);
  if (chosen == "cpu") {
    // The environment is for trying things out: it beats the configuration.
    const char* forced = std::getenv("FATHOM_CPU");
    const std::string_view variant_name =
        forced != nullptr ? std::string_view(forced) : std::string_view(options.cpu_variant);
    FATHOM_TRY(variant, cpu::choose_cpu_variant(variant_name));
    return std::make_unique<cpu::CpuBackend>(*variant, options.n_threads);
  }
  return fail(ErrorCode::invalid_argument, "unknown backend \"{}\"; choose auto, cpu or reference",
              name);
}

}  // namespace fathom::engine

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
    FATHOM_TRY(variant, cpu::configured_cpu_variant(options.cpu_variant));
    return std::make_unique<cpu::CpuBackend>(
        *variant, options.n_threads,
        options.pack_first ? cpu::CpuBackend::kPackFirst : cpu::CpuBackend::kPackLaterBytes);
  }
  return fail(ErrorCode::invalid_argument, "unknown backend \"{}\"; choose auto, cpu or reference",
              name);
}

}  // namespace fathom::engine

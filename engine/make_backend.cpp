#include "cuda/cuda_backend.h"
#include "engine/backend.h"
#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {

std::vector<std::string> available_backends() {
  std::vector<std::string> names;
  if (!cuda::find_devices().usable.empty()) names.emplace_back("cuda");
  if (cpu::choose_cpu_variant("")) names.emplace_back("cpu");
  names.emplace_back("reference");
  return names;
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
  if (chosen == "cuda") return cuda::make_cuda_backend();
  return fail(ErrorCode::invalid_argument,
              "unknown backend \"{}\"; choose auto, cuda, cpu or reference", name);
}

}  // namespace fathom::engine

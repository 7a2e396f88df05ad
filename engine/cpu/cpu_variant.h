// The instruction sets that kernels exist for, and which of them this machine has.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/cpu/kernels/kernels.h"

namespace fathom::engine::cpu {

struct CpuVariant {
  std::string_view name;  // "avx2", "avx512", "avx512-vnni", "amx"
  const Kernels* kernels;
  bool (*is_supported)();
};

/// All there are, the fastest first.
std::span<const CpuVariant> cpu_variants();

/// The variant `name`, or the fastest that this machine has if `name` is empty.
/// Errors: invalid_argument (no such variant), unsupported (this machine lacks it).
Result<const CpuVariant*> choose_cpu_variant(std::string_view name);

/// As choose_cpu_variant(), unless the environment forces one (FATHOM_CPU), for trying things out.
Result<const CpuVariant*> configured_cpu_variant(std::string_view name);

}  // namespace fathom::engine::cpu

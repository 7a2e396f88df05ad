#include "engine/cpu/cpu_variant.h"

#include <cstdlib>

#include <cpuid.h>

#include "engine/base/tile_registers.h"

namespace fathom::engine::cpu {
namespace {

/// __builtin_cpu_supports("f16c"), which clang 14 does not know.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_avx512_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }

/// AMX with products of bytes.
bool has_amx() {
  constexpr unsigned kTile = 1u << 24;
  constexpr unsigned kInt8 = 1u << 25;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return has_avx512_vnni() && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 &&
         (edx & kTile) != 0 && (edx & kInt8) != 0 && allow_tile_registers();
}

constexpr CpuVariant kVariants[] = {
    {"amx", &kAmxKernels, has_amx},
    {"avx512-vnni", &kAvx512VnniKernels, has_avx512_vnni},
    {"avx512", &kAvx512Kernels, has_avx512},
    {"avx2", &kAvx2Kernels, has_avx2},
};

}  // namespace

std::span<const CpuVariant> cpu_variants() { return kVariants; }

Result<const CpuVariant*> choose_cpu_variant(std::string_view name) {
  for (const CpuVariant& variant : kVariants) {
    if (name.empty() ? variant.is_supported() : variant.name == name) {
      if (variant.is_supported()) return &variant;
      return fail(ErrorCode::unsupported, "this processor has no {}", name);
    }
  }
  if (name.empty()) {
    return fail(ErrorCode::unsupported,
                "the cpu backend needs a processor with AVX2, FMA and F16C; use the reference "
                "backend");
  }
  std::string choices;
  for (const CpuVariant& variant : kVariants) {
    choices += fmt::format("{}{}", choices.empty() ? "" : ", ", variant.name);
  }
  return fail(ErrorCode::invalid_argument, "unknown CPU variant \"{}\"; choose one of {}", name,
              choices);
}

Result<const CpuVariant*> configured_cpu_variant(std::string_view name) {
  const char* forced = std::getenv("FATHOM_CPU");
  return choose_cpu_variant(forced != nullptr ? std::string_view(forced) : name);
}

}  // namespace fathom::engine::cpu

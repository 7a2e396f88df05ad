// The vectors of the instruction set that is being compiled. Kernel templates include this; one
// .cpp for each instruction set includes them, with FATHOM_ISA set to its namespace.

#pragma once

#ifndef FATHOM_ISA
#error "kernels are compiled once for each instruction set, from avx2.cpp, avx512.cpp, ..."
#endif

#ifdef __AVX512F__
#include "engine/cpu/kernels/simd_avx512.h"
#else
#include "engine/cpu/kernels/simd_avx2.h"
#endif

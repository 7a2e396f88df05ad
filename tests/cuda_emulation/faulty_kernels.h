// Kernels for testing the emulation itself. Each is for blocks of 64 threads and 64 floats of data.

#pragma once

#include <map>
#include <string>

namespace fathom::cuda::test {

using Kernel = void (*)(float* data);

const std::map<std::string, Kernel>& kernels();

}  // namespace fathom::cuda::test

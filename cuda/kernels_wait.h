// Whether kernels may start early on the current device.

#pragma once

namespace fathom::cuda {

/// Whether the code that the device runs calls wait_for_earlier_kernels() in earnest: it was
/// compiled for a generation that can (Hopper and later). The driver may run older code on a newer
/// device.
bool kernels_wait();

}  // namespace fathom::cuda

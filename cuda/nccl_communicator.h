// Ranks on GPUs of this machine, joined by NCCL, which is looked for when it is needed.
//
// NCCL only moves numbers: in what order it adds them up depends on how many there are, and a row
// would have other bits in other company. Partial sums are rounded to bf16, exchanged, and added by
// a kernel of our own in the order of the ranks. How, and what it costs: docs/kernels/parallel.md.
//
// Threads: as Communicator says. all_reduce_sum() queues behind what the rank's backend was asked
// for, and waits for nobody.
//
// Invariant: all ranks have the same bits, and a row has the same bits in any company.

#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/parallel/communicator.h"

namespace fathom::cuda {

struct NcclOptions {
  std::string library = "libnccl.so.2";
  /// Above so many bytes that gathering all parts moves more than adding up in shares does, the
  /// latter is faster: what the links carry while another exchange begins.
  int64_t dear_bytes = int64_t{4} << 20;
};

/// One for each of `backends`, which are of make_cuda_backend(), on different devices, and outlive
/// them. Errors: unsupported (there is no NCCL that will do; the message says what to install),
/// out_of_memory, device_lost.
Result<std::vector<std::unique_ptr<engine::Communicator>>> make_nccl_communicators(
    std::span<engine::Backend* const> backends, const NcclOptions& options = {});

/// "2.28.9", or why there is none: for people.
Result<std::string> nccl_version();

}  // namespace fathom::cuda

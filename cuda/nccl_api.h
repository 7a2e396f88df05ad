// The functions of NCCL that fathom calls, found while the program runs: it neither needs NCCL to
// be built nor to start. Declared here by the documented interface of version 2; a test compares
// them with nccl.h (tests/cuda/nccl_abi_test.cpp).
//
// Threads: as NCCL says: a communicator by one thread at a time, but for abort.

#pragma once

#include <cstddef>
#include <string>

#include <cuda_runtime.h>

#include "engine/base/result.h"

namespace fathom::cuda {

struct NcclApi {
  using Comm = struct ncclComm*;

  static constexpr int kSuccess = 0;     // ncclSuccess
  static constexpr int kInProgress = 7;  // ncclInProgress
  static constexpr int kBf16 = 9;        // ncclBfloat16

  /// Errors: unsupported (not there, or too old; the message says what to install).
  static Result<NcclApi> load(const std::string& library);

  std::string version;  // "2.28.9"

  int (*get_version)(int* version);
  const char* (*get_error_string)(int result);
  int (*comm_init_all)(Comm* comms, int n_devices, const int* devices);
  int (*comm_abort)(Comm comm);
  int (*comm_get_async_error)(Comm comm, int* error);
  int (*group_start)();
  int (*group_end)();
  int (*all_gather)(const void* from, void* to, size_t n_sent, int type, Comm comm,
                    cudaStream_t stream);
  int (*send)(const void* from, size_t n, int type, int peer, Comm comm, cudaStream_t stream);
  int (*receive)(void* to, size_t n, int type, int peer, Comm comm, cudaStream_t stream);
};

}  // namespace fathom::cuda

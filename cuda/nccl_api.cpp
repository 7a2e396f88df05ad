#include "cuda/nccl_api.h"

#include "engine/base/shared_library.h"

namespace fathom::cuda {
namespace {

// From 2.22.3 on NCCL's memory is mapped apart from ours without known faults: nobody who frees
// memory waits for other GPUs, which may wait for us.
constexpr int kOldestVersion = 22203;
constexpr const char* kAdvice =
    "install NVIDIA's package libnccl2, or put the folder of libnccl.so.2 into LD_LIBRARY_PATH";

std::string version_text(int version) {
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace

Result<NcclApi> NcclApi::load(const std::string& library) {
  const auto loaded = SharedLibrary::load(library);
  if (!loaded)
    return fail(ErrorCode::unsupported, "NCCL is not here ({}): {}", loaded.error().message,
                kAdvice);
  NcclApi api = {};
  std::string missing;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(loaded->find(name));
    if (function == nullptr) missing = name;
  };
  find(api.get_version, "ncclGetVersion");
  find(api.get_error_string, "ncclGetErrorString");
  find(api.comm_init_all, "ncclCommInitAll");
  find(api.comm_abort, "ncclCommAbort");
  find(api.comm_get_async_error, "ncclCommGetAsyncError");
  find(api.group_start, "ncclGroupStart");
  find(api.group_end, "ncclGroupEnd");
  find(api.all_gather, "ncclAllGather");
  find(api.send, "ncclSend");
  find(api.receive, "ncclRecv");
  if (!missing.empty())
    return fail(ErrorCode::unsupported, "{} has no {}: {}", library, missing, kAdvice);
  int version = 0;
  if (api.get_version(&version) != kSuccess || version < kOldestVersion)
    return fail(ErrorCode::unsupported, "NCCL {} is too old, {} is the oldest that will do: {}",
                version_text(version), version_text(kOldestVersion), kAdvice);
  api.version = version_text(version);
  return api;
}

}  // namespace fathom::cuda

// cuda/nccl_api.h against NVIDIA's own header, where there is one: not on the emulation, whose
// headers stand in for CUDA's.

#include <tuple>
#include <type_traits>

#include <gtest/gtest.h>
#include <nccl.h>

#include "cuda/nccl_api.h"

namespace fathom::cuda {
namespace {

/// Passed in the same way: pointers, and numbers of the same size.
template <class A, class B>
constexpr bool is_passed_alike() {
  return std::is_pointer_v<A> == std::is_pointer_v<B> && sizeof(A) == sizeof(B) &&
         std::is_class_v<A> == std::is_class_v<B>;
}

template <class Result, class... Parameters, class NcclResult, class... NcclParameters>
constexpr bool is_called_alike(Result (*)(Parameters...), NcclResult (*)(NcclParameters...)) {
  if constexpr (sizeof...(Parameters) == sizeof...(NcclParameters))
    return is_passed_alike<Result, NcclResult>() &&
           (is_passed_alike<Parameters, NcclParameters>() && ...);
  return false;
}

TEST(NcclApi, IsThatOfTheHeader) {
  const NcclApi api = {};
  EXPECT_TRUE(is_called_alike(api.get_version, ncclGetVersion));
  EXPECT_TRUE(is_called_alike(api.get_error_string, ncclGetErrorString));
  EXPECT_TRUE(is_called_alike(api.comm_init_all, ncclCommInitAll));
  EXPECT_TRUE(is_called_alike(api.comm_abort, ncclCommAbort));
  EXPECT_TRUE(is_called_alike(api.comm_get_async_error, ncclCommGetAsyncError));
  EXPECT_TRUE(is_called_alike(api.group_start, ncclGroupStart));
  EXPECT_TRUE(is_called_alike(api.group_end, ncclGroupEnd));
  EXPECT_TRUE(is_called_alike(api.all_gather, ncclAllGather));
  EXPECT_TRUE(is_called_alike(api.send, ncclSend));
  EXPECT_TRUE(is_called_alike(api.receive, ncclRecv));
  EXPECT_EQ(NcclApi::kSuccess, ncclSuccess);
  EXPECT_EQ(NcclApi::kInProgress, ncclInProgress);
  EXPECT_EQ(NcclApi::kBf16, ncclBfloat16);
}

// As installed: skipped nowhere, a header without its library is half an installation.
TEST(NcclApi, FindsTheLibrary) {
  const auto api = NcclApi::load(FATHOM_NCCL_LIBRARY);
  ASSERT_TRUE(api) << api.error().message;
  EXPECT_EQ(api->version, fmt::format("{}.{}.{}", NCCL_MAJOR, NCCL_MINOR, NCCL_PATCH));
}

}  // namespace
}  // namespace fathom::cuda

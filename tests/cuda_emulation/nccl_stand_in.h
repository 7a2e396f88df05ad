// What tests can tell the stand-in for NCCL (nccl_stand_in.cpp). To be found in the library.

#pragma once

extern "C" {
/// What ncclGetVersion() says: 22809.
using StandInSetVersion = void(int version);
/// The `n`-th call from now on that queues something fails with ncclSystemError; 0: the next.
/// Negative: none does.
using StandInFailCall = void(int n);
/// What ncclCommGetAsyncError() says of all communicators.
using StandInSetAsyncError = void(int error);
/// Of all communicators since the library was loaded: exchanges that went through.
using StandInCount = int();
}

namespace fathom::cuda::emulation {

inline constexpr const char* kStandInSetVersion = "stand_in_set_version";
inline constexpr const char* kStandInFailCall = "stand_in_fail_call";
inline constexpr const char* kStandInSetAsyncError = "stand_in_set_async_error";
inline constexpr const char* kStandInGathers = "stand_in_gathers";
inline constexpr const char* kStandInSends = "stand_in_sends";
inline constexpr const char* kStandInOpen = "stand_in_open";  // communicators that have not ended

}  // namespace fathom::cuda::emulation

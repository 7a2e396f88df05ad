// The engine on an NVIDIA GPU: weights in the device's memory in the formats of the model file,
// matrix products by tensor cores, a decode step that the device runs without waiting for the host.
//
// This header has no type of CUDA, so that whoever chooses a backend can include it. The program
// runs where there is no driver: then there are no devices.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"

namespace fathom::cuda {

struct DeviceInfo {
  int index = 0;
  std::string name;  // "NVIDIA H200"
  uint64_t memory_bytes = 0;
  int compute_major = 0, compute_minor = 0;
};

/// The devices that fathom can use, and why there are none, for people: "no NVIDIA driver".
struct Devices {
  std::vector<DeviceInfo> usable;
  std::string remark;
};
/// Starts none of them.
Devices find_devices();

/// Of the device's memory; 0 if it does not answer. Starts the device: some tenths of a second.
uint64_t free_memory_bytes(const DeviceInfo& device);

/// Bytes per second that the first usable device reads and writes while it copies its own memory:
/// the roof of what is bound by memory. 0 if there is none. Takes some tenths of a second.
double measure_copy_bandwidth();

/// On the first usable device. Errors: unsupported (there is none; the message says why),
/// out_of_memory, device_lost.
Result<std::unique_ptr<engine::Backend>> make_cuda_backend();
/// On one that find_devices() found.
Result<std::unique_ptr<engine::Backend>> make_cuda_backend(const DeviceInfo& device);

}  // namespace fathom::cuda

// One *.safetensors file.

#include <cstdint>
#include <cstdlib>

#include "engine/checkpoint/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fathom::engine;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto tensors = read_safetensors(bytes, "fuzz.safetensors");
  if (!tensors) {
    if (!tensors.error().message.starts_with("fuzz.safetensors: ")) std::abort();
    return 0;
  }
  for (const TensorInfo& tensor : *tensors) {
    if (tensor.bytes.data() < bytes.data()) std::abort();
    if (tensor.bytes.data() + tensor.bytes.size() > bytes.data() + size) std::abort();
  }
  return 0;
}

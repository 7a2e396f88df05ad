// A GGUF image, and the tokenizer in it.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/checkpoint/checkpoint.h"
#include "engine/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fathom::engine;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto checkpoint = Checkpoint::open_memory(bytes, "fuzz.gguf");
  if (!checkpoint) {
    if (!checkpoint.error().message.starts_with("fuzz.gguf: ")) std::abort();
    return 0;
  }
  for (const TensorInfo& tensor : (*checkpoint)->tensors()) {
    if (tensor.bytes.data() < bytes.data()) std::abort();
    if (tensor.bytes.data() + tensor.bytes.size() > bytes.data() + size) std::abort();
    if ((*checkpoint)->find(tensor.name) != &tensor) std::abort();
  }
  if (const auto tokenizer = Tokenizer::load(**checkpoint)) {
    const std::string text = "for (int i = 0; i < 10; ++i)\n\t\xc3\xb6\xff  <think>";
    if ((*tokenizer)->has_all_bytes() && (*tokenizer)->decode((*tokenizer)->encode(text)) != text)
      std::abort();
  }
  return 0;
}

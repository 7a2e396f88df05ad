// Any bytes as a tokenizer.json: a tokenizer that gives texts back, or an error that names the
// file.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "engine/tokenizer/tokenizer.h"

namespace {

using fathom::engine::TokenId;
using fathom::engine::Tokenizer;

/// A file in memory that the loader finds by a path.
class MemoryFile final {
 public:
  MemoryFile() : fd_(memfd_create("tokenizer.json", 0)) {
    if (fd_ < 0) std::abort();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  void write(const uint8_t* data, size_t size) const {
    const auto length = static_cast<off_t>(size);
    if (ftruncate(fd_, length) != 0 || pwrite(fd_, data, size, 0) != length) std::abort();
  }

 private:
  const int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const MemoryFile file;
  file.write(data, size);
  const auto tokenizer = Tokenizer::load(file.path());
  if (!tokenizer) {
    if (tokenizer.error().message.find(file.path()) == std::string::npos) std::abort();
    return 0;
  }
  const std::string text = "for (int i = 0; i < 10; ++i)\n\t\xc3\xb6\xff  <think>";
  const std::vector<TokenId> ids = (*tokenizer)->encode(text);
  for (const TokenId id : ids)
    if (id < 0 || id >= (*tokenizer)->vocab_size()) std::abort();
  if ((*tokenizer)->has_all_bytes() && (*tokenizer)->decode(ids) != text) std::abort();
  return 0;
}

// Any text through the tiny tokenizer: what comes out is what went in, and nothing special.
// Runs in the repository root.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace {

using fathom::engine::TokenId;
using fathom::engine::Tokenizer;

std::shared_ptr<const Tokenizer> load() {
  auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", tokenizer.error().message.c_str());
    std::exit(2);
  }
  return *tokenizer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<const Tokenizer> tokenizer = load();
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const std::vector<TokenId> ids = tokenizer->encode(text);
  if (tokenizer->has_all_bytes() && tokenizer->decode(ids) != text) std::abort();
  for (const TokenId id : ids)
    if (tokenizer->is_special(id)) std::abort();

  std::vector<TokenId> with_special;
  tokenizer->encode_with_special(text, with_special);
  std::string spelled;
  for (const TokenId id : with_special) spelled += tokenizer->bytes(id);
  if (spelled != text) std::abort();
  return 0;
}

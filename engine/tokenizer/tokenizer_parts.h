// What tokenizer.json and GGUF metadata both come down to, and the checks that both share.

#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {

inline constexpr size_t kMaxTokens = 1 << 20;
inline constexpr size_t kMaxMerges = 1 << 21;

/// As read. Views point into `storage`, or into the metadata of a checkpoint that outlives this.
struct TokenizerParts {
  struct Token {
    std::string_view spelling;  // in the byte alphabet (byte_alphabet.h); empty: an unused id
    bool is_added = false;      // spelled as it is, and found in text by encode_with_special()
  };

  std::string source;                                                 // for messages
  std::vector<Token> tokens;                                          // by id
  std::vector<std::pair<std::string_view, std::string_view>> merges;  // best first
  bool ignore_merges = false;
  PreTokenizer pre_tokenizer;
  std::map<SpecialRole, TokenId> roles;  // that the files name; the rest go by spelling
  bool adds_bos = false;
  std::string chat_template;
  std::shared_ptr<const void> storage;
};

inline constexpr TokenId kNoToken = -1;

/// The token of each id, as a tokenizer needs it.
struct Vocabulary {
  std::vector<std::string> bytes;  // of special tokens: the spelling; of unused ids: empty
  std::vector<bool> is_special;
  std::vector<bool> is_added;
  std::array<TokenId, 256> of_bytes{};  // the token of each single byte, or kNoToken
};

/// DeepSeek-V2's vocabulary lacks the 13 bytes that UTF-8 never uses: these alone may be missing.
/// Errors: corrupt (another byte has no token, or there are too many tokens).
Result<Vocabulary> make_vocabulary(const TokenizerParts& parts);

/// `vocabulary` must outlive the result. Errors: corrupt (a merge names an unknown token).
Result<Bpe> make_bpe(const TokenizerParts& parts, const Vocabulary& vocabulary);

/// Errors: not_found, io, corrupt, unsupported.
Result<TokenizerParts> read_tokenizer_json(const std::filesystem::path& tokenizer_json);

/// Errors: corrupt, unsupported.
Result<TokenizerParts> read_tokenizer_gguf(const Checkpoint& checkpoint);

}  // namespace fathom::engine

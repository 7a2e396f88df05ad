// Text to token ids and back: byte-level BPE as DeepSeek, Qwen and Llama-3 use it.
//
// The vocabulary, merges, pre-tokenizer and special tokens all come from the model's own files
// (tokenizer.json, or GGUF metadata).
//
// Immutable once loaded; any thread.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/token.h"

namespace fathom::engine {

class Checkpoint;

/// What a special token is for. Spellings differ between models; ids are never hard-coded.
enum class SpecialRole {
  bos,
  eos,
  pad,
  end_of_turn,
  fim_begin,  // before the prefix
  fim_hole,   // between prefix and suffix (DeepSeek) or before the suffix (Qwen)
  fim_end,    // before the middle
  user,
  assistant,
  think_begin,
  think_end,
};

class Tokenizer final {
 public:
  /// Reads a tokenizer.json, and a tokenizer_config.json beside it if there is one.
  /// Errors: not_found, io
  ///         corrupt      not JSON, a merge names an unknown token, or a byte has no token
  ///         unsupported  another model or pre-tokenizer type; the message names it
  static Result<std::shared_ptr<const Tokenizer>> load(const std::filesystem::path& tokenizer_json);
  /// The tokenizer of a checkpoint: tokenizer.json in its folder, or GGUF metadata. Same errors.
  static Result<std::shared_ptr<const Tokenizer>> load(const Checkpoint& checkpoint);

  ~Tokenizer();

  /// Number of ids, including special and unused ones.
  int vocab_size() const;

  /// Appends the token ids of `text` to `out`. Ids are in [0, vocab_size()).
  ///
  /// Cannot fail: `text` may be any bytes, UTF-8 or not, because load() has checked that every
  /// byte has a token. decode(encode(text)) == text, byte for byte (tests/fuzz/fuzz_tokenizer.cpp).
  /// Only where !has_all_bytes() do bytes that UTF-8 never uses come back as U+FFFD.
  ///
  /// Special tokens spelled out in `text` are NOT recognised. Files are data: a comment that
  /// contains "<|fim_hole|>" must not move the hole.
  ///
  /// Cost: O(n log n) per pre-token of n bytes.
  void encode(std::string_view text, std::vector<TokenId>& out) const;
  std::vector<TokenId> encode(std::string_view text) const;

  /// Whether each of the 256 bytes has a token. DeepSeek-V2, V2.5 and VL2-small have none for
  /// C0, C1 and F5 to FF.
  bool has_all_bytes() const;

  /// As encode(), but spelled-out special tokens become themselves: for prompts that a person
  /// wrote on purpose (`fathom generate --special`).
  void encode_with_special(std::string_view text, std::vector<TokenId>& out) const;

  /// The bytes a token stands for; of a special token, its spelling. Empty if `id` is unused or
  /// out of range. May be part of a UTF-8 sequence.
  std::string_view bytes(TokenId id) const;
  /// All bytes of `ids`, special tokens left out.
  std::string decode(std::span<const TokenId> ids) const;
  bool is_special(TokenId id) const;

  /// The model's token for a role, or nothing if it has none.
  std::optional<TokenId> special(SpecialRole role) const;
  /// The special token of exactly this spelling.
  std::optional<TokenId> find_special(std::string_view spelling) const;

  /// The first place in `text` where an added token is spelled out; of several there, the longest.
  struct Spelled {
    size_t begin;
    size_t end;
    TokenId id;
  };
  std::optional<Spelled> find_spelled(std::string_view text) const;

  /// Whether prompts begin with special(bos) (add_bos_token).
  bool adds_bos() const;
  /// The model's own chat template (Jinja source), or "".
  const std::string& chat_template() const;

 private:
  struct Data;
  explicit Tokenizer(std::unique_ptr<const Data> data);
  std::unique_ptr<const Data> data_;
};

}  // namespace fathom::engine

#include "engine/tokenizer/tokenizer_parts.h"

#include <utility>

#include "engine/tokenizer/byte_alphabet.h"

namespace fathom::engine {
namespace {

bool is_never_in_utf8(int byte) { return byte == 0xc0 || byte == 0xc1 || byte >= 0xf5; }

/// DeepSeek-LLM and -Coder lack the 13 bytes that UTF-8 never uses in their vocabulary proper.
/// They have them as added tokens instead, spelled in the byte alphabet ("\u00f6" is byte F6).
/// Taken as the bytes they are they make encode() total; Hugging Face's tokenizers takes them for
/// the letters of that spelling, and loses those letters on the way back.
std::optional<uint8_t> missing_byte(const TokenizerParts::Token& token,
                                    const std::array<TokenId, 256>& of_bytes) {
  const auto bytes = spelled_bytes(token.spelling);
  if (!bytes || bytes->size() != 1) return std::nullopt;
  const auto byte = static_cast<uint8_t>((*bytes)[0]);
  return of_bytes[byte] == kNoToken ? std::optional(byte) : std::nullopt;
}

}  // namespace

Result<Vocabulary> make_vocabulary(const TokenizerParts& parts) {
  if (parts.tokens.size() > kMaxTokens) {
    return fail(ErrorCode::corrupt, "{}: has {} tokens; the limit is {}", parts.source,
                parts.tokens.size(), kMaxTokens);
  }
  Vocabulary vocabulary;
  const size_t n = parts.tokens.size();
  vocabulary.bytes.resize(n);
  vocabulary.is_special.resize(n);
  vocabulary.is_added.resize(n);
  vocabulary.of_bytes.fill(kNoToken);

  for (size_t id = 0; id < n; ++id) {
    const auto& token = parts.tokens[id];
    if (token.is_added) continue;
    auto bytes = spelled_bytes(token.spelling);
    if (bytes && bytes->size() == 1)
      vocabulary.of_bytes[static_cast<unsigned char>((*bytes)[0])] = static_cast<TokenId>(id);
    // A token outside the alphabet can be in no merge; all one can do with it is to show it.
    vocabulary.bytes[id] = bytes ? std::move(*bytes) : std::string(token.spelling);
  }
  for (size_t id = 0; id < n; ++id) {
    const auto& token = parts.tokens[id];
    if (!token.is_added) continue;
    vocabulary.is_added[id] = true;
    if (const auto byte = missing_byte(token, vocabulary.of_bytes)) {
      vocabulary.of_bytes[*byte] = static_cast<TokenId>(id);
      vocabulary.bytes[id] = std::string(1, static_cast<char>(*byte));
    } else {
      vocabulary.is_special[id] = true;
      vocabulary.bytes[id] = token.spelling;
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (vocabulary.of_bytes[byte] == kNoToken && !is_never_in_utf8(byte))
      return fail(ErrorCode::corrupt, "{}: no token stands for the byte 0x{:02x}", parts.source,
                  byte);
  }
  return vocabulary;
}

Result<Bpe> make_bpe(const TokenizerParts& parts, const Vocabulary& vocabulary) {
  if (parts.merges.size() > kMaxMerges) {
    return fail(ErrorCode::corrupt, "{}: has {} merges; the limit is {}", parts.source,
                parts.merges.size(), kMaxMerges);
  }
  TokenIndex ids(parts.tokens.size());
  for (size_t id = 0; id < parts.tokens.size(); ++id) {
    if (!parts.tokens[id].spelling.empty())
      ids.add(parts.tokens[id].spelling, static_cast<TokenId>(id));
  }
  const auto id_of = [&](std::string_view spelling) {
    return ids.find(spelling).value_or(kNoToken);
  };

  Bpe bpe(vocabulary.of_bytes);
  bpe.reserve(parts.merges.size());
  std::string joined;
  for (size_t rank = 0; rank < parts.merges.size(); ++rank) {
    const auto& [left, right] = parts.merges[rank];
    joined.assign(left).append(right);
    const TokenId left_id = id_of(left);
    const TokenId right_id = id_of(right);
    const TokenId merged_id = id_of(joined);
    if (left_id == kNoToken || right_id == kNoToken || merged_id == kNoToken) {
      return fail(ErrorCode::corrupt, "{}: merge {} names an unknown token", parts.source, rank);
    }
    // Text must never become a special token, not even through merges.
    if (!vocabulary.is_special[merged_id]) bpe.add_merge(left_id, right_id, merged_id);
  }
  if (parts.ignore_merges) {
    TokenIndex whole(vocabulary.bytes.size());
    for (size_t id = 0; id < vocabulary.bytes.size(); ++id) {
      if (!vocabulary.is_added[id] && !vocabulary.bytes[id].empty())
        whole.add(vocabulary.bytes[id], static_cast<TokenId>(id));
    }
    bpe.set_whole(std::move(whole));
  }
  return bpe;
}

}  // namespace fathom::engine

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/checkpoint/json_file.h"
#include "engine/convert/gguf_metadata.h"
#include "engine/models/fields.h"
#include "engine/tokenizer/gguf_pre_tokenizers.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/tokenizer_parts.h"

namespace fathom::engine {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxTokenizerBytes = 256 << 20;

// llama_token_type
constexpr int64_t kNormal = 1;
constexpr int64_t kControl = 3;
constexpr int64_t kUserDefined = 4;
constexpr int64_t kUnused = 5;

constexpr const char* kPreTokenizers[] = {"deepseek-llm", "deepseek-coder", "deepseek-v3", "qwen2",
                                          "llama-bpe"};

// Cuts differently under each of the pre-tokenizers above: digits, contractions, letters outside
// older Unicode, Chinese beside kana, punctuation before letters, blanks and newlines of all sorts.
constexpr std::string_view kProbe =
    "I'll see 12345 DON'T\tx = [a+b];\n\n  if (x) {\r\n   }   \n\"\u00e9t\u00e9\" \u0436\u0434 "
    "\u02b9\u0561 \u4e2d\u6587\u304b\u306a\u30ab\u30ca \ud55c\uad6d\u0661\u0662\u0663 \u2019q "
    "\u00b5m \u2460 _x __init__(self): #!c /*y*/ ... \u3000z\u200b\u2028 \U0001d54f\U0001f600e "
    "a\u0301b 3.14e-10 \uff01ok \n \n\t\tend  ";

std::vector<std::string> pieces_of(const PreTokenizer& pre_tokenizer) {
  std::vector<std::string> pieces;
  pre_tokenizer.split(kProbe, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

Result<std::string> pre_tokenizer_name(const TokenizerParts& parts) {
  const std::vector<std::string> pieces = pieces_of(parts.pre_tokenizer);
  for (const char* name : kPreTokenizers) {
    FATHOM_TRY(named, make_gguf_pre_tokenizer(name));
    if (named.ignore_merges == parts.ignore_merges && pieces_of(named.pre_tokenizer) == pieces)
      return std::string(name);
  }
  return fail(ErrorCode::unsupported, "{}: GGUF has no name for this pre-tokenizer", parts.source);
}

/// Spellings of the added tokens that are not marked as special.
Result<std::set<std::string>> read_plain_added_tokens(const std::filesystem::path& tokenizer_json) {
  Json json;
  FlatObject vocabulary{.outer = "model", .inner = "vocab", .names = {}, .members = {}};
  FATHOM_CHECK(read_json_file(tokenizer_json, kMaxTokenizerBytes, json, &vocabulary));
  std::set<std::string> plain;
  if (!json.is_object() || !json.contains("added_tokens")) return plain;
  for (const Json& token : json["added_tokens"]) {
    const auto special = token.find("special");
    if (special == token.end() || *special != true)
      plain.insert(token.value("content", std::string()));
  }
  return plain;
}

void write_special_tokens(const Tokenizer& tokenizer, const Metadata& config, GgufWriter& out) {
  constexpr std::pair<SpecialRole, const char*> kKeys[] = {
      {SpecialRole::bos, "bos"},           {SpecialRole::eos, "eos"},
      {SpecialRole::pad, "padding"},       {SpecialRole::end_of_turn, "eot"},
      {SpecialRole::fim_begin, "fim_pre"}, {SpecialRole::fim_hole, "fim_suf"},
      {SpecialRole::fim_end, "fim_mid"}};
  for (const auto& [role, key] : kKeys)
    if (const auto id = tokenizer.special(role))
      out.set(fmt::format("tokenizer.ggml.{}_token_id", key), int64_t{*id});
  for (const char* key : {"bos", "eos"}) {
    const auto id = config.integer(fmt::format("{}_token_id", key));
    const std::string name = fmt::format("tokenizer.ggml.{}_token_id", key);
    if (id && *id >= 0 && *id < tokenizer.vocab_size() && !out.has(name)) out.set(name, *id);
  }
}

}  // namespace

Status write_tokenizer(const Checkpoint& checkpoint, GgufWriter& out) {
  const std::filesystem::path file = *checkpoint.folder() / "tokenizer.json";
  FATHOM_TRY(tokenizer, Tokenizer::load(checkpoint));
  FATHOM_TRY(parts, read_tokenizer_json(file));
  FATHOM_TRY(pre_tokenizer, pre_tokenizer_name(parts));
  FATHOM_TRY(plain, read_plain_added_tokens(file));

  Fields fields(checkpoint);
  const auto n_rows = static_cast<size_t>(fields.vocab_size());
  FATHOM_CHECK(fields.status());
  if (parts.tokens.size() > n_rows) {
    return fail(ErrorCode::corrupt, "{}: has {} tokens, but the model has {} embeddings",
                parts.source, parts.tokens.size(), n_rows);
  }
  std::vector<std::string> tokens(n_rows);
  std::vector<int64_t> types(n_rows, kUnused);
  for (size_t id = 0; id < n_rows; ++id) {
    if (id >= parts.tokens.size() || parts.tokens[id].spelling.empty()) {
      tokens[id] = fmt::format("[PAD{}]", id);
      continue;
    }
    tokens[id] = parts.tokens[id].spelling;
    types[id] = !parts.tokens[id].is_added   ? kNormal
                : plain.contains(tokens[id]) ? kUserDefined
                                             : kControl;
  }
  std::vector<std::string> merges;
  merges.reserve(parts.merges.size());
  for (const auto& [left, right] : parts.merges)
    merges.push_back(fmt::format("{} {}", left, right));

  out.set("tokenizer.ggml.model", std::string("gpt2"));
  out.set("tokenizer.ggml.pre", pre_tokenizer);
  out.set("tokenizer.ggml.tokens", std::move(tokens));
  out.set("tokenizer.ggml.token_type", std::move(types));
  out.set("tokenizer.ggml.merges", std::move(merges));
  out.set("tokenizer.ggml.add_bos_token", tokenizer->adds_bos());
  out.set("tokenizer.ggml.add_eos_token", false);
  write_special_tokens(*tokenizer, checkpoint.metadata(), out);
  if (!tokenizer->chat_template().empty())
    out.set("tokenizer.chat_template", tokenizer->chat_template());
  return {};
}

}  // namespace fathom::engine

#include <algorithm>

#include "engine/checkpoint/builder.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/tokenizer/gguf_pre_tokenizers.h"
#include "engine/tokenizer/special_roles.h"
#include "engine/tokenizer/tokenizer_parts.h"

namespace fathom::engine {
namespace {

// llama_token_type
constexpr int64_t kControl = 3;
constexpr int64_t kUserDefined = 4;
constexpr int64_t kUnused = 5;

constexpr std::pair<const char*, SpecialRole> kRoleKeys[] = {
    {"tokenizer.ggml.bos_token_id", SpecialRole::bos},
    {"tokenizer.ggml.eos_token_id", SpecialRole::eos},
    {"tokenizer.ggml.padding_token_id", SpecialRole::pad},
    {"tokenizer.ggml.eot_token_id", SpecialRole::end_of_turn},
    {"tokenizer.ggml.fim_pre_token_id", SpecialRole::fim_begin},
    {"tokenizer.ggml.fim_suf_token_id", SpecialRole::fim_hole},
    {"tokenizer.ggml.fim_mid_token_id", SpecialRole::fim_end},
};

/// A string of the file as messages can show it.
std::string_view shown(const std::string& text) {
  return is_printable(text) && text.size() <= 64 ? std::string_view(text) : "(not a name)";
}

bool has_role(std::string_view spelling) {
  const auto spellings = role_spellings();
  return std::any_of(spellings.begin(), spellings.end(),
                     [&](const RoleSpelling& row) { return row.spelling == spelling; });
}

Status read_tokens(const Metadata& metadata, TokenizerParts& parts) {
  const auto tokens = metadata.strings("tokenizer.ggml.tokens");
  const auto types = metadata.integers("tokenizer.ggml.token_type");
  if (tokens.empty())
    return fail(ErrorCode::corrupt, "{}: 'tokenizer.ggml.tokens' is missing", parts.source);
  if (!types.empty() && types.size() != tokens.size()) {
    return fail(ErrorCode::corrupt, "{}: 'tokenizer.ggml.token_type' has {} entries for {} tokens",
                parts.source, types.size(), tokens.size());
  }
  parts.tokens.resize(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    const int64_t type = types.empty() ? 0 : types[id];
    if (type == kUnused) continue;
    parts.tokens[id].spelling = tokens[id];
    // Some converters mark special tokens as ordinary ones: the spellings are known.
    parts.tokens[id].is_added =
        !tokens[id].empty() && (type == kControl || type == kUserDefined || has_role(tokens[id]));
  }
  return {};
}

Status read_roles(const Metadata& metadata, TokenizerParts& parts) {
  for (const auto& [key, role] : kRoleKeys) {
    const auto id = metadata.integer(key);
    if (!id) continue;
    if (*id < 0 || *id >= static_cast<int64_t>(parts.tokens.size())) {
      return fail(ErrorCode::corrupt, "{}: '{}' is {}, but there are {} tokens", parts.source, key,
                  *id, parts.tokens.size());
    }
    parts.roles.emplace(role, static_cast<TokenId>(*id));
    TokenizerParts::Token& token = parts.tokens[static_cast<size_t>(*id)];
    token.is_added = !token.spelling.empty();
  }
  return {};
}

/// Each merge is "left right".
Status read_merges(const Metadata& metadata, TokenizerParts& parts) {
  const auto merges = metadata.strings("tokenizer.ggml.merges");
  parts.merges.reserve(std::min(merges.size(), kMaxMerges));
  for (const std::string_view merge : merges) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      return fail(ErrorCode::corrupt, "{}: 'tokenizer.ggml.merges': merge {} is not two tokens",
                  parts.source, parts.merges.size());
    }
    parts.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  return {};
}

}  // namespace

Result<TokenizerParts> read_tokenizer_gguf(const Checkpoint& checkpoint) {
  const Metadata& metadata = checkpoint.metadata();
  TokenizerParts parts;
  parts.source = checkpoint.source();

  const std::string* model = metadata.string("tokenizer.ggml.model");
  if (!model || *model != "gpt2") {
    return fail(ErrorCode::unsupported,
                "{}: 'tokenizer.ggml.model' is '{}'; only 'gpt2' (byte-level BPE) is supported",
                parts.source, model ? shown(*model) : "");
  }
  const std::string* name = metadata.string("tokenizer.ggml.pre");
  if (!name) {
    return fail(ErrorCode::unsupported,
                "{}: 'tokenizer.ggml.pre' is missing; convert the model again with a newer "
                "converter",
                parts.source);
  }
  auto named = make_gguf_pre_tokenizer(shown(*name));
  if (!named) {
    return fail(named.error().code, "{}: 'tokenizer.ggml.pre': {}", parts.source,
                named.error().message);
  }

  FATHOM_CHECK(read_tokens(metadata, parts));
  FATHOM_CHECK(read_roles(metadata, parts));
  FATHOM_CHECK(read_merges(metadata, parts));
  parts.pre_tokenizer = std::move(named->pre_tokenizer);
  parts.ignore_merges = named->ignore_merges;
  parts.adds_bos = metadata.boolean("tokenizer.ggml.add_bos_token").value_or(named->adds_bos);
  if (const std::string* chat_template = metadata.string("tokenizer.chat_template"))
    parts.chat_template = *chat_template;
  return parts;
}

}  // namespace fathom::engine

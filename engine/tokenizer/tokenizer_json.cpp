#include <algorithm>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "engine/base/mapped_file.h"
#include "engine/checkpoint/json_file.h"
#include "engine/tokenizer/pre_tokenizer_json.h"
#include "engine/tokenizer/tokenizer_parts.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t kMaxTokenizerBytes = 256 << 20;
constexpr size_t kMaxConfigBytes = 16 << 20;

/// The member `key` of an object; null where it is absent or null, or `json` is no object.
const Json* member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

/// The string that `json` points to, in place; empty where it is none.
std::string_view text_of(const Json* json) {
  const auto* text = json ? json->get_ptr<const Json::string_t*>() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

bool is_true(const Json* json) { return json && json->is_boolean() && json->get<bool>(); }

struct TokenizerFile {
  Json json;
  FlatObject vocabulary{.outer = "model", .inner = "vocab", .names = {}, .members = {}};
};

class TokenizerJsonReader final {
 public:
  TokenizerJsonReader(const TokenizerFile& file, TokenizerParts& parts)
      : json_(file.json), vocabulary_(file.vocabulary), parts_(parts) {}

  Status read() {
    FATHOM_CHECK(check_normalizer(member(json_, "normalizer")));
    FATHOM_CHECK(check_decoder());
    const Json* model = member(json_, "model");
    if (!model) return fail(ErrorCode::corrupt, "{}: 'model' is missing", parts_.source);
    FATHOM_CHECK(check_model(*model));
    FATHOM_CHECK(read_vocabulary());
    FATHOM_CHECK(read_added_tokens());
    FATHOM_CHECK(read_merges(*model));
    parts_.ignore_merges = is_true(member(*model, "ignore_merges"));
    parts_.adds_bos = post_processor_adds_bos();

    const Json* pre_tokenizer = member(json_, "pre_tokenizer");
    if (!pre_tokenizer)
      return fail(ErrorCode::unsupported, "{}: 'pre_tokenizer' is missing", parts_.source);
    FATHOM_TRY(split, read_pre_tokenizer(*pre_tokenizer, parts_.source));
    parts_.pre_tokenizer = std::move(split);
    return {};
  }

  /// tokenizer_config.json: roles by spelling, the template, whether prompts begin with BOS.
  void read_config(const Json& config) {
    const std::pair<const char*, SpecialRole> keys[] = {{"bos_token", SpecialRole::bos},
                                                        {"eos_token", SpecialRole::eos},
                                                        {"pad_token", SpecialRole::pad}};
    for (const auto& [key, role] : keys) {
      const Json* token = member(config, key);
      const std::string_view spelling =
          token && token->is_object() ? text_of(member(*token, "content")) : text_of(token);
      const auto id = added_ids_.find(spelling);
      if (id != added_ids_.end()) parts_.roles.emplace(role, id->second);
    }
    if (const Json* adds_bos = member(config, "add_bos_token")) parts_.adds_bos = is_true(adds_bos);
    if (const Json* chat_template = member(config, "chat_template"))
      parts_.chat_template = template_of(*chat_template);
  }

 private:
  /// Text goes into the tokenizer as it is. Qwen asks for NFC, which matters for text that is
  /// decomposed: fathom leaves it so, since what comes out must be what went in.
  Status check_normalizer(const Json* normalizer) {
    if (!normalizer) return {};
    const std::string_view type = text_of(member(*normalizer, "type"));
    if (type == "NFC") return {};
    if (type != "Sequence") {
      return fail(ErrorCode::unsupported, "{}: 'normalizer' is of type '{}'", parts_.source, type);
    }
    if (const Json* steps = member(*normalizer, "normalizers"))
      for (const Json& step : *steps) FATHOM_CHECK(check_normalizer(&step));
    return {};
  }

  Status check_decoder() {
    const Json* decoder = member(json_, "decoder");
    if (!decoder || text_of(member(*decoder, "type")) == "ByteLevel") return {};
    return fail(ErrorCode::unsupported, "{}: 'decoder' is not ByteLevel", parts_.source);
  }

  Status check_model(const Json& model) {
    const std::string_view type = text_of(member(model, "type"));
    if (type != "BPE") {
      return fail(ErrorCode::unsupported, "{}: 'model' is of type '{}'; only BPE is supported",
                  parts_.source, type);
    }
    const Json* dropout = member(model, "dropout");
    if (dropout && *dropout != 0.0)
      return fail(ErrorCode::unsupported, "{}: 'model' has dropout", parts_.source);
    if (is_true(member(model, "byte_fallback")))
      return fail(ErrorCode::unsupported, "{}: 'model' has byte_fallback", parts_.source);
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!text_of(member(model, affix)).empty())
        return fail(ErrorCode::unsupported, "{}: 'model' has {}", parts_.source, affix);
    }
    return {};
  }

  /// Grows the table to `id` and gives its place, or nothing if the id is out of range.
  TokenizerParts::Token* slot(uint64_t id) {
    if (id >= kMaxTokens) return nullptr;
    if (id >= parts_.tokens.size()) parts_.tokens.resize(id + 1);
    return &parts_.tokens[id];
  }

  Status read_vocabulary() {
    if (vocabulary_.members.empty())
      return fail(ErrorCode::corrupt, "{}: 'model.vocab' is missing", parts_.source);
    parts_.tokens.reserve(std::min(vocabulary_.members.size(), kMaxTokens));
    for (const FlatObject::Member& member : vocabulary_.members) {
      const std::string_view spelling = vocabulary_.name(member);
      if (spelling.empty()) continue;
      TokenizerParts::Token* token = slot(member.value);
      if (!token) return bad_id(spelling);
      if (!token->spelling.empty()) return two_tokens(*token, spelling);
      token->spelling = spelling;
    }
    return {};
  }

  Status read_added_tokens() {
    const Json* added = member(json_, "added_tokens");
    if (!added) return {};
    for (const Json& item : *added) {
      const std::string_view spelling = text_of(member(item, "content"));
      if (spelling.empty()) {
        return fail(ErrorCode::corrupt, "{}: 'added_tokens' has a token without content",
                    parts_.source);
      }
      const Json* id = member(item, "id");
      TokenizerParts::Token* token =
          id && id->is_number_unsigned() ? slot(id->get<uint64_t>()) : nullptr;
      if (!token) return bad_id(spelling);
      if (!token->spelling.empty() && token->spelling != spelling)
        return two_tokens(*token, spelling);
      token->spelling = spelling;
      token->is_added = true;
      added_ids_.emplace(spelling, static_cast<TokenId>(token - parts_.tokens.data()));
    }
    return {};
  }

  /// Each merge is "left right" or ["left", "right"].
  Status read_merges(const Json& model) {
    const Json* merges = member(model, "merges");
    if (!merges || !merges->is_array())
      return fail(ErrorCode::corrupt, "{}: 'model.merges' is missing", parts_.source);
    parts_.merges.reserve(std::min(merges->size(), kMaxMerges));
    for (const Json& merge : *merges) {
      std::string_view left;
      std::string_view right;
      if (merge.is_array() && merge.size() == 2) {
        left = text_of(&merge[0]);
        right = text_of(&merge[1]);
      } else if (const std::string_view both = text_of(&merge); both.size() > 2) {
        const size_t space = std::min(both.find(' ', 1), both.size() - 1);
        left = both.substr(0, space);
        right = both.substr(space + 1);
      }
      if (left.empty() || right.empty()) {
        return fail(ErrorCode::corrupt, "{}: merge {} is not a pair of tokens", parts_.source,
                    parts_.merges.size());
      }
      parts_.merges.emplace_back(left, right);
    }
    return {};
  }

  /// Llama 3 says so only here: a template that begins with a special token.
  bool post_processor_adds_bos() const {
    const Json* processor = member(json_, "post_processor");
    if (!processor) return false;
    const Json* steps = member(*processor, "processors");
    if (!steps) return begins_with_special(*processor);
    return steps->is_array() && std::any_of(steps->begin(), steps->end(), begins_with_special);
  }

  static bool begins_with_special(const Json& processor) {
    const Json* single = member(processor, "single");
    return single && single->is_array() && !single->empty() &&
           member(single->front(), "SpecialToken");
  }

  /// A template, or a list of named ones of which "default" is for chat.
  static std::string template_of(const Json& json) {
    if (json.is_array()) {
      for (const Json& item : json)
        if (text_of(member(item, "name")) == "default")
          return std::string(text_of(member(item, "template")));
    }
    return std::string(text_of(&json));
  }

  tl::unexpected<Error> bad_id(std::string_view spelling) const {
    return fail(ErrorCode::corrupt, "{}: the id of token '{}' is not a number below {}",
                parts_.source, spelling, kMaxTokens);
  }

  tl::unexpected<Error> two_tokens(const TokenizerParts::Token& token,
                                   std::string_view spelling) const {
    return fail(ErrorCode::corrupt, "{}: the tokens '{}' and '{}' have the same id", parts_.source,
                token.spelling, spelling);
  }

  const Json& json_;
  const FlatObject& vocabulary_;
  TokenizerParts& parts_;
  std::unordered_map<std::string_view, TokenId> added_ids_;
};

/// The file beside tokenizer.json, if there is one.
Status read_optional_json(const fs::path& path, Json& out) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  return read_json_file(path, kMaxConfigBytes, out);
}

}  // namespace

Result<TokenizerParts> read_tokenizer_json(const fs::path& tokenizer_json) {
  const auto file = std::make_shared<TokenizerFile>();
  FATHOM_CHECK(read_json_file(tokenizer_json, kMaxTokenizerBytes, file->json, &file->vocabulary));
  Json config;
  FATHOM_CHECK(read_optional_json(tokenizer_json.parent_path() / "tokenizer_config.json", config));

  TokenizerParts parts;
  parts.source = tokenizer_json.string();
  TokenizerJsonReader reader(*file, parts);
  FATHOM_CHECK(reader.read());
  reader.read_config(config);
  // Newer folders keep the template in a file of its own, which then is the one that counts.
  if (auto text =
          read_text_file(tokenizer_json.parent_path() / "chat_template.jinja", kMaxConfigBytes))
    parts.chat_template = std::move(*text);
  parts.storage = file;
  return parts;
}

}  // namespace fathom::engine

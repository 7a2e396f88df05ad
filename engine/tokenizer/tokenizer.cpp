#include "engine/tokenizer/tokenizer.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "engine/checkpoint/checkpoint.h"
#include "engine/tokenizer/added_tokens.h"
#include "engine/tokenizer/special_roles.h"
#include "engine/tokenizer/tokenizer_parts.h"

namespace fathom::engine {

namespace {

constexpr std::string_view kReplacement = "\uFFFD";  // what stands for a byte without a token

}  // namespace

struct Tokenizer::Data {
  explicit Data(Vocabulary vocabulary_) : vocabulary(std::move(vocabulary_)), bpe({}) {}

  static Result<std::shared_ptr<const Tokenizer>> build(TokenizerParts parts);

  const Vocabulary vocabulary;  // the rest points into it
  Bpe bpe;
  PreTokenizer pre_tokenizer;
  AddedTokens added;
  std::unordered_map<std::string_view, TokenId> special_ids;
  std::map<SpecialRole, TokenId> roles;
  bool adds_bos = false;
  std::string chat_template;
};

Result<std::shared_ptr<const Tokenizer>> Tokenizer::Data::build(TokenizerParts parts) {
  FATHOM_TRY(vocabulary, make_vocabulary(parts));
  auto data = std::make_unique<Data>(std::move(vocabulary));
  FATHOM_TRY(bpe, make_bpe(parts, data->vocabulary));
  data->bpe = std::move(bpe);
  data->pre_tokenizer = std::move(parts.pre_tokenizer);
  data->chat_template = std::move(parts.chat_template);

  for (size_t id = 0; id < parts.tokens.size(); ++id) {
    const std::string& bytes = data->vocabulary.bytes[id];
    if (data->vocabulary.is_special[id] && !bytes.empty())
      data->special_ids.emplace(bytes, static_cast<TokenId>(id));
  }
  // With the spelling in the file, also where the token stands for a byte: see missing_byte().
  for (size_t id = 0; id < parts.tokens.size(); ++id) {
    const auto& token = parts.tokens[id];
    if (token.is_added && !token.spelling.empty())
      data->added.add(token.spelling, static_cast<TokenId>(id));
  }

  data->roles = std::move(parts.roles);
  for (const auto& [role, spelling] : role_spellings()) {
    const auto found = data->special_ids.find(spelling);
    if (found != data->special_ids.end()) data->roles.emplace(role, found->second);
  }
  data->adds_bos = parts.adds_bos && data->roles.contains(SpecialRole::bos);
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(data)));
}

Tokenizer::Tokenizer(std::unique_ptr<const Data> data) : data_(std::move(data)) {}
Tokenizer::~Tokenizer() = default;

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(
    const std::filesystem::path& tokenizer_json) {
  FATHOM_TRY(parts, read_tokenizer_json(tokenizer_json));
  return Data::build(std::move(parts));
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const Checkpoint& checkpoint) {
  if (checkpoint.folder()) return load(*checkpoint.folder() / "tokenizer.json");
  FATHOM_TRY(parts, read_tokenizer_gguf(checkpoint));
  return Data::build(std::move(parts));
}

int Tokenizer::vocab_size() const { return static_cast<int>(data_->vocabulary.bytes.size()); }

void Tokenizer::encode(std::string_view text, std::vector<TokenId>& out) const {
  Bpe::Scratch scratch;
  data_->pre_tokenizer.split(text, [&](std::string_view piece) {
    const bool has_token =
        piece.size() > 1 ||
        data_->vocabulary.of_bytes[static_cast<unsigned char>(piece[0])] != kNoToken;
    data_->bpe.encode(has_token ? piece : kReplacement, scratch, out);
  });
}

bool Tokenizer::has_all_bytes() const {
  const auto& tokens = data_->vocabulary.of_bytes;
  return std::find(tokens.begin(), tokens.end(), kNoToken) == tokens.end();
}

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
  std::vector<TokenId> ids;
  encode(text, ids);
  return ids;
}

void Tokenizer::encode_with_special(std::string_view text, std::vector<TokenId>& out) const {
  while (const auto match = find_spelled(text)) {
    encode(text.substr(0, match->begin), out);
    out.push_back(match->id);
    text.remove_prefix(match->end);
  }
  encode(text, out);
}

std::string_view Tokenizer::bytes(TokenId id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return data_->vocabulary.bytes[static_cast<size_t>(id)];
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  for (const TokenId id : ids)
    if (!is_special(id)) text.append(bytes(id));
  return text;
}

bool Tokenizer::is_special(TokenId id) const {
  return id >= 0 && id < vocab_size() && data_->vocabulary.is_special[static_cast<size_t>(id)];
}

std::optional<TokenId> Tokenizer::special(SpecialRole role) const {
  const auto found = data_->roles.find(role);
  return found == data_->roles.end() ? std::nullopt : std::optional(found->second);
}

std::optional<TokenId> Tokenizer::find_special(std::string_view spelling) const {
  const auto found = data_->special_ids.find(spelling);
  return found == data_->special_ids.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Tokenizer::Spelled> Tokenizer::find_spelled(std::string_view text) const {
  const auto match = data_->added.find(text);
  if (!match) return std::nullopt;
  return Spelled{match->begin, match->end, match->id};
}

bool Tokenizer::adds_bos() const { return data_->adds_bos; }

const std::string& Tokenizer::chat_template() const { return data_->chat_template; }

}  // namespace fathom::engine

#include "engine/read_traits.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/checkpoint/json_file.h"
#include "engine/models/chat_traits.h"
#include "engine/models/fields.h"
#include "engine/models/fim_traits.h"
#include "engine/models/limits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {
namespace {

std::string name_of(const Checkpoint& checkpoint) {
  if (const std::string* name = checkpoint.metadata().string("general.name");
      name && !name->empty())
    return *name;
  if (!checkpoint.folder()) return std::filesystem::path(checkpoint.source()).stem().string();
  const std::filesystem::path& folder = *checkpoint.folder();
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

/// The ends of text that generation_config.json lists: an id or an array of ids. A chat model's
/// end of turn may be there and nowhere else.
std::vector<int64_t> listed_end_tokens(const Checkpoint& checkpoint) {
  constexpr size_t kMaxBytes = 1 << 20;
  nlohmann::json config;
  if (!checkpoint.folder() ||
      !read_json_file(*checkpoint.folder() / "generation_config.json", kMaxBytes, config) ||
      !config.is_object())
    return {};
  std::vector<int64_t> ids;
  const nlohmann::json listed = config.value("eos_token_id", nlohmann::json());
  for (const nlohmann::json& id : listed.is_array() ? listed : nlohmann::json::array({listed}))
    if (id.is_number_integer()) ids.push_back(id.get<int64_t>());
  return ids;
}

std::vector<TokenId> end_tokens(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
  std::vector<TokenId> ids;
  const auto add = [&](std::optional<int64_t> id) {
    if (!id || *id < 0 || *id >= tokenizer.vocab_size()) return;
    const auto token = static_cast<TokenId>(*id);
    if (std::ranges::find(ids, token) == ids.end()) ids.push_back(token);
  };
  add(tokenizer.special(SpecialRole::eos));
  add(tokenizer.special(SpecialRole::end_of_turn));
  add(checkpoint.metadata().integer("eos_token_id"));
  for (const int64_t id : checkpoint.metadata().integers("eos_token_id")) add(id);
  for (const int64_t id : listed_end_tokens(checkpoint)) add(id);
  return ids;
}

}  // namespace

Result<ModelTraits> read_traits(const Checkpoint& checkpoint, const Tokenizer& tokenizer,
                                bool force_fim) {
  Fields fields(checkpoint);
  ModelTraits traits;
  traits.name = name_of(checkpoint);
  traits.architecture = checkpoint.architecture();
  traits.context_length = fields.count({"max_position_embeddings", "context_length"}, kMaxContext);
  traits.vocab_size = fields.vocab_size();
  FATHOM_CHECK(fields.status());

  const auto bos = tokenizer.special(SpecialRole::bos);
  traits.adds_bos = tokenizer.adds_bos() && bos;
  traits.bos = bos.value_or(0);
  traits.end_tokens = end_tokens(checkpoint, tokenizer);
  traits.chat = read_chat_traits(tokenizer, traits.name);
  FimReading reading = read_fim_traits(tokenizer, names_of(checkpoint), traits.chat, force_fim);
  traits.fim = std::move(reading.fim);
  traits.fim_refusal = std::move(reading.refusal);
  traits.has_unknown_chat_template = !traits.chat && !tokenizer.chat_template().empty();
  return traits;
}

}  // namespace fathom::engine

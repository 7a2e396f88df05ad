#include "editors/cli/model_summary.h"

#include <algorithm>
#include <span>

#include "engine/base/checked_math.h"
#include "engine/kv_memory.h"

namespace fathom::cli {
namespace {

using engine::Checkpoint;

/// The integer of a field whose name depends on the format; GGUF prefixes its architecture.
class Numbers {
 public:
  explicit Numbers(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  std::optional<int64_t> find(std::string_view hugging_face, std::string_view gguf) const {
    // A negative count is nonsense that load_model() will refuse; here it is as good as absent.
    const std::optional<int64_t> value = checkpoint_.metadata().integer(key(hugging_face, gguf));
    return value && *value >= 0 ? value : std::nullopt;
  }

  std::span<const int64_t> list(std::string_view hugging_face, std::string_view gguf) const {
    return checkpoint_.metadata().integers(key(hugging_face, gguf));
  }

 private:
  std::string key(std::string_view hugging_face, std::string_view gguf) const {
    return checkpoint_.format() == Checkpoint::Format::gguf
               ? fmt::format("{}.{}", checkpoint_.architecture(), gguf)
               : std::string(hugging_face);
  }

  const Checkpoint& checkpoint_;
};

std::optional<int64_t> product(std::optional<int64_t> a, std::optional<int64_t> b) {
  return a && b ? checked_mul(*a, *b) : std::nullopt;
}

std::optional<int64_t> sum(std::optional<int64_t> a, std::optional<int64_t> b) {
  return a && b ? checked_add(*a, *b) : std::nullopt;
}

/// Keys that are also the values. Layers that pool groups of tokens keep, for each token, numbers
/// and gates, and a pooled key; those of few tokens twice as many of the former, and the same once
/// more for an indexer (engine/models/compressor.h).
std::optional<int64_t> compressed_cache_numbers(std::span<const int64_t> groups,
                                                const ModelSummary& s,
                                                std::optional<int64_t> head_dim,
                                                std::optional<int64_t> index_dim) {
  constexpr int64_t kFewTokens = 4;
  if (!s.layers) return std::nullopt;
  std::optional<int64_t> total = 0;
  for (int64_t layer = 0; layer < *s.layers && layer < std::ssize(groups); ++layer) {
    const int64_t n_keys = groups[layer] == 0 ? 1 : groups[layer] == kFewTokens ? 6 : 4;
    total = sum(total, product(n_keys, head_dim));
    if (groups[layer] == kFewTokens) total = sum(total, product(5, index_dim));
  }
  return total;
}

std::optional<int64_t> cache_numbers(const Numbers& numbers, const ModelSummary& s) {
  const auto index_dim = numbers.find("index_head_dim", "attention.indexer.key_length");
  if (const auto latent = numbers.find("kv_lora_rank", "attention.kv_lora_rank")) {
    const auto key = sum(latent, numbers.find("qk_rope_head_dim", "rope.dimension_count"));
    return product(s.layers, sum(key, index_dim.value_or(0)));
  }
  std::optional<int64_t> head_dim = numbers.find("head_dim", "attention.key_length");
  if (const auto groups = numbers.list("compress_ratios", "attention.compress_ratios");
      !groups.empty())
    return compressed_cache_numbers(groups, s, head_dim, index_dim);
  if (!head_dim && s.dim && s.heads.value_or(0) > 0) head_dim = *s.dim / *s.heads;
  return product(product(s.layers, 2), product(s.kv_heads ? s.kv_heads : s.heads, head_dim));
}

/// Models that look keys up before they attend to them keep them as f32.
int64_t bytes_per_cache_number(const Checkpoint& checkpoint, const Numbers& numbers) {
  const bool looks_up = numbers.find("index_head_dim", "attention.indexer.key_length") ||
                        !numbers.list("compress_ratios", "attention.compress_ratios").empty();
  const engine::DType type =
      looks_up ? engine::DType::f32 : engine::default_cache_type(checkpoint.size_bytes());
  return engine::info(type).block_bytes;
}

std::string name_of(const Checkpoint& checkpoint) {
  for (const std::string_view key : {"general.name", "_name_or_path"})
    if (const std::string* name = checkpoint.metadata().string(key)) return *name;
  return "";
}

std::optional<int64_t> vocab_size(const Checkpoint& checkpoint, const Numbers& numbers) {
  if (const auto size = numbers.find("vocab_size", "vocab_size")) return size;
  const size_t tokens = checkpoint.metadata().strings("tokenizer.ggml.tokens").size();
  return tokens > 0 ? std::optional<int64_t>(tokens) : std::nullopt;
}

/// What a tensor of a type without numbers of its own says of another one.
enum class Companion { none, scales, table, packed };

Companion companion_of(const Checkpoint& checkpoint, const engine::TensorInfo& tensor) {
  if (tensor.type_name == "F8_E8M0") return Companion::scales;
  if (tensor.type_name == "I32" || tensor.type_name == "I64") return Companion::table;
  constexpr std::string_view kWeight = ".weight";
  if (tensor.type_name != "I8" || !tensor.name.ends_with(kWeight)) return Companion::none;
  const std::string stem = tensor.name.substr(0, tensor.name.size() - kWeight.size());
  return checkpoint.find(stem + ".scale") ? Companion::packed : Companion::none;
}

void count_tensors(const Checkpoint& checkpoint, ModelSummary& s) {
  for (const engine::TensorInfo& tensor : checkpoint.tensors()) {
    int64_t parameters = 1;
    // Cannot overflow: every dimension was checked against the bytes of the file.
    for (const int64_t n : tensor.shape) parameters *= n;

    const Companion companion = companion_of(checkpoint, tensor);
    if (companion == Companion::scales || companion == Companion::table) parameters = 0;
    if (companion == Companion::packed) parameters *= 2;  // FP4: two numbers a byte

    TypeCount& type = s.types[tensor.type_name];
    if (!tensor.dtype && companion == Companion::none &&
        std::ranges::find(s.unsupported_types, tensor.type_name) == s.unsupported_types.end())
      s.unsupported_types.push_back(tensor.type_name);
    type.tensors += 1;
    type.parameters += parameters;
    type.bytes += tensor.bytes.size();
    s.parameters += parameters;
  }
}

}  // namespace

ModelSummary summarise(const Checkpoint& checkpoint) {
  const Numbers numbers(checkpoint);
  ModelSummary s;
  s.name = name_of(checkpoint);
  s.weight_bytes = checkpoint.size_bytes();
  count_tensors(checkpoint, s);
  s.layers = numbers.find("num_hidden_layers", "block_count");
  s.dim = numbers.find("hidden_size", "embedding_length");
  s.heads = numbers.find("num_attention_heads", "attention.head_count");
  s.kv_heads = numbers.find("num_key_value_heads", "attention.head_count_kv");
  s.experts = numbers.find("n_routed_experts", "expert_count");
  s.active_experts = numbers.find("num_experts_per_tok", "expert_used_count");
  s.vocab = vocab_size(checkpoint, numbers);
  s.context = numbers.find("max_position_embeddings", "context_length");
  s.cache_bytes_per_token =
      product(cache_numbers(numbers, s), bytes_per_cache_number(checkpoint, numbers));
  s.total_bytes = sum(int64_t(s.weight_bytes), product(s.cache_bytes_per_token, kQuotedContext));
  s.total_bytes_at_context =
      sum(int64_t(s.weight_bytes), product(s.cache_bytes_per_token, s.context));
  return s;
}

}  // namespace fathom::cli

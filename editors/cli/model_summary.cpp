#include "editors/cli/model_summary.h"

#include "engine/base/checked_math.h"

namespace fathom::cli {
namespace {

using engine::Checkpoint;

/// The integer of a field whose name depends on the format; GGUF prefixes its architecture.
class Numbers {
 public:
  explicit Numbers(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  std::optional<int64_t> find(std::string_view hugging_face, std::string_view gguf) const {
    const bool is_gguf = checkpoint_.format() == Checkpoint::Format::gguf;
    const std::string key = is_gguf ? fmt::format("{}.{}", checkpoint_.architecture(), gguf)
                                    : std::string(hugging_face);
    // A negative count is nonsense that load_model() will refuse; here it is as good as absent.
    const std::optional<int64_t> value = checkpoint_.metadata().integer(key);
    return value && *value >= 0 ? value : std::nullopt;
  }

 private:
  const Checkpoint& checkpoint_;
};

std::optional<int64_t> product(std::optional<int64_t> a, std::optional<int64_t> b) {
  return a && b ? checked_mul(*a, *b) : std::nullopt;
}

std::optional<int64_t> sum(std::optional<int64_t> a, std::optional<int64_t> b) {
  return a && b ? checked_add(*a, *b) : std::nullopt;
}

/// The engine keeps keys and values as f32.
constexpr int64_t kBytesPerCacheNumber = 4;

std::optional<int64_t> cache_numbers(const Numbers& numbers, const ModelSummary& s) {
  if (const auto latent = numbers.find("kv_lora_rank", "attention.kv_lora_rank"))
    return product(s.layers, sum(latent, numbers.find("qk_rope_head_dim", "rope.dimension_count")));

  std::optional<int64_t> head_dim = numbers.find("head_dim", "attention.key_length");
  if (!head_dim && s.dim && s.heads.value_or(0) > 0) head_dim = *s.dim / *s.heads;
  return product(product(s.layers, 2), product(s.kv_heads ? s.kv_heads : s.heads, head_dim));
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

void count_tensors(const Checkpoint& checkpoint, ModelSummary& s) {
  for (const engine::TensorInfo& tensor : checkpoint.tensors()) {
    int64_t parameters = 1;
    // Cannot overflow: every dimension was checked against the bytes of the file.
    for (const int64_t n : tensor.shape) parameters *= n;

    TypeCount& type = s.types[tensor.type_name];
    if (!tensor.dtype && type.tensors == 0) s.unsupported_types.push_back(tensor.type_name);
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
  s.cache_bytes_per_token = product(cache_numbers(numbers, s), kBytesPerCacheNumber);
  s.total_bytes = sum(int64_t(s.weight_bytes), product(s.cache_bytes_per_token, kQuotedContext));
  return s;
}

}  // namespace fathom::cli

// Llama: DeepSeek-Coder 1.3B to 33B, DeepSeek-LLM, R1-Distill-Llama.

#include "engine/models/architectures.h"
#include "engine/models/gqa.h"
#include "engine/models/limits.h"

namespace fathom::engine {

namespace {

GqaConfig read_config(Fields& fields) {
  // llama.cpp's converter permutes q and k so that rotated pairs are neighbours.
  const RopeLayout layout = fields.is_gguf() ? RopeLayout::interleaved : RopeLayout::half_split;
  GqaConfig config = read_gqa_config(fields, layout);
  if (fields.flag_or({"attention_bias", ""}, false) || fields.flag_or({"mlp_bias", ""}, false))
    fields.refuse("attention_bias and mlp_bias are not supported");
  if (fields.zero_or_count({"", "expert_count"}, kMaxExperts, 0) != 0)
    fields.refuse("Llama with experts (Mixtral) is not supported");
  return config;
}

}  // namespace

Result<ConfigNotes> check_llama(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  read_config(fields);
  return fields.notes();
}

Result<std::unique_ptr<Model>> load_llama(std::shared_ptr<const Checkpoint> checkpoint,
                                          Backend& backend, const ModelOptions& options) {
  Fields fields(*checkpoint);
  GqaConfig config = read_config(fields);
  FATHOM_CHECK(fields.status());
  return load_gqa(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine

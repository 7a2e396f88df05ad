// DeepSeek-V3.2(-Exp): V3 whose attention looks at the positions that an indexer picks.
//
// Source: DeepSeek-V3.2-Exp report and its inference/model.py; llama.cpp's names for GGUF.

#include "engine/models/architectures.h"
#include "engine/models/deepseek_v3_router.h"
#include "engine/models/latent_transformer.h"

namespace fathom::engine {

namespace {

LatentTransformerConfig read_config(Fields& f) {
  MlaConfig attention = read_mla_config(f, kDeepseekV3Mscale);
  attention.indexer = read_indexer_config(f, attention.dim, attention.q_lora, attention.rope);
  return read_latent_transformer(f, std::move(attention), read_v3_experts(f));
}

}  // namespace

Result<ConfigNotes> check_deepseek_v32(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  read_config(fields);
  return fields.notes();
}

Result<std::unique_ptr<Model>> load_deepseek_v32(std::shared_ptr<const Checkpoint> checkpoint,
                                                 Backend& backend, const ModelOptions& options) {
  Fields fields(*checkpoint);
  LatentTransformerConfig config = read_config(fields);
  FATHOM_CHECK(fields.status());
  return load_latent_transformer(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine

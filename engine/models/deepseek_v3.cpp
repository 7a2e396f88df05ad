// DeepSeek-V3, -V3.1 and -R1: latent attention, sigmoid-routed experts, a draft layer.
//
// Source: DeepSeek-V3 report, arXiv:2412.19437; official inference/model.py.

#include "engine/models/architectures.h"
#include "engine/models/deepseek_v3_router.h"
#include "engine/models/latent_transformer.h"

namespace fathom::engine {

namespace {

LatentTransformerConfig read_config(Fields& f) {
  return read_latent_transformer(f, read_mla_config(f, kDeepseekV3Mscale), read_v3_experts(f));
}

}  // namespace

Result<ConfigNotes> check_deepseek_v3(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  read_config(fields);
  return fields.notes();
}

Result<std::unique_ptr<Model>> load_deepseek_v3(std::shared_ptr<const Checkpoint> checkpoint,
                                                Backend& backend, const ModelOptions& options) {
  Fields fields(*checkpoint);
  LatentTransformerConfig config = read_config(fields);
  FATHOM_CHECK(fields.status());
  return load_latent_transformer(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine

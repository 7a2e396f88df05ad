// Qwen2: R1-Distill-Qwen, Qwen2.5-Coder.

#include "engine/models/architectures.h"
#include "engine/models/gqa.h"

namespace fathom::engine {

namespace {

Result<GqaConfig> read_config(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  GqaConfig config = read_gqa_config(fields, RopeLayout::half_split);
  config.qkv_bias = true;
  if (fields.flag_or({"use_sliding_window", ""}, false))
    fields.refuse("use_sliding_window is not supported");
  FATHOM_CHECK(fields.status());
  return config;
}

}  // namespace

Status check_qwen2(const Checkpoint& checkpoint) {
  FATHOM_CHECK(read_config(checkpoint));
  return {};
}

Result<std::unique_ptr<Model>> load_qwen2(std::shared_ptr<const Checkpoint> checkpoint,
                                          Backend& backend, const ModelOptions& options) {
  FATHOM_TRY(config, read_config(*checkpoint));
  return load_gqa(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine

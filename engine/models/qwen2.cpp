// Qwen2: R1-Distill-Qwen, Qwen2.5-Coder.

#include "engine/models/architectures.h"
#include "engine/models/gqa.h"

namespace fathom::engine {

namespace {

GqaConfig read_config(Fields& fields) {
  GqaConfig config = read_gqa_config(fields, RopeLayout::half_split);
  config.qkv_bias = true;
  if (fields.flag_or({"use_sliding_window", ""}, false))
    fields.refuse("use_sliding_window is not supported");
  return config;
}

}  // namespace

Result<ConfigNotes> check_qwen2(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  read_config(fields);
  return fields.notes();
}

Result<std::unique_ptr<Model>> load_qwen2(std::shared_ptr<const Checkpoint> checkpoint,
                                          Backend& backend, const ModelOptions& options) {
  Fields fields(*checkpoint);
  GqaConfig config = read_config(fields);
  FATHOM_CHECK(fields.status());
  return load_gqa(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine

#include <string_view>

#include "engine/model.h"
#include "engine/models/architectures.h"

namespace fathom::engine {
namespace {

struct Architecture {
  std::string_view hugging_face;  // config.json's architectures[0]
  std::string_view gguf;          // general.architecture
  CheckConfig* check;
  LoadModel* load;
};

/// The one place that names every architecture.
constexpr Architecture kArchitectures[] = {
    // DeepSeek-Coder 1.3B to 33B, DeepSeek-LLM, R1-Distill-Llama
    {"LlamaForCausalLM", "llama", check_llama, load_llama},
    // R1-Distill-Qwen
    {"Qwen2ForCausalLM", "qwen2", check_qwen2, load_qwen2},
    // DeepSeek-V3, -V3.1, -R1; the built-in model
    {"DeepseekV3ForCausalLM", "deepseek2", check_deepseek_v3, load_deepseek_v3},
};

Result<const Architecture*> find_architecture(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format() == Checkpoint::Format::gguf;
  std::string known;
  for (const Architecture& a : kArchitectures) {
    const std::string_view name = gguf ? a.gguf : a.hugging_face;
    if (name == checkpoint.architecture()) return &a;
    known += known.empty() ? "" : ", ";
    known += name;
  }
  return fail(ErrorCode::unsupported, "{}: architecture \"{}\" is not supported; fathom runs {}",
              checkpoint.source(), checkpoint.architecture(), known);
}

}  // namespace

Status check_architecture(const Checkpoint& checkpoint) {
  FATHOM_TRY(architecture, find_architecture(checkpoint));
  return architecture->check(checkpoint);
}

Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const Checkpoint> checkpoint,
                                          Backend& backend, const ModelOptions& options) {
  if (options.max_batch < 1)
    return fail(ErrorCode::invalid_argument, "max_batch is {}; it must be at least 1",
                options.max_batch);
  FATHOM_TRY(architecture, find_architecture(*checkpoint));
  return architecture->load(std::move(checkpoint), backend, options);
}

}  // namespace fathom::engine

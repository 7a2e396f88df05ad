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
  /// Where two share a GGUF name: whether a file of that name is this one. Null: it is.
  bool (*is)(const Checkpoint& checkpoint) = nullptr;
};

/// The one place that names every architecture.
constexpr Architecture kArchitectures[] = {
    // DeepSeek-Coder 1.3B to 33B, DeepSeek-LLM, R1-Distill-Llama
    {"LlamaForCausalLM", "llama", check_llama, load_llama},
    // R1-Distill-Qwen
    {"Qwen2ForCausalLM", "qwen2", check_qwen2, load_qwen2},
    // DeepSeekMoE 16B
    {"DeepseekForCausalLM", "deepseek", check_deepseek_moe, load_deepseek_moe},
    // DeepSeek-V2, -V2-Lite, -V2.5, -Coder-V2, -Coder-V2-Lite
    {"DeepseekV2ForCausalLM", "deepseek2", check_deepseek_v2, load_deepseek_v2, is_deepseek_v2},
    // DeepSeek-V3, -V3.1, -R1; the built-in model
    {"DeepseekV3ForCausalLM", "deepseek2", check_deepseek_v3, load_deepseek_v3},
    // DeepSeek-V3.2-Exp
    {"DeepseekV32ForCausalLM", "deepseek32", check_deepseek_v32, load_deepseek_v32},
    // DeepSeek-V4-Flash, -Pro
    {"DeepseekV4ForCausalLM", "deepseek4", check_deepseek_v4, load_deepseek_v4},
};

Result<const Architecture*> find_architecture(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format() == Checkpoint::Format::gguf;
  std::string known;
  for (const Architecture& a : kArchitectures) {
    const std::string_view name = gguf ? a.gguf : a.hugging_face;
    if (name == checkpoint.architecture() && (!gguf || !a.is || a.is(checkpoint))) return &a;
    if (known.ends_with(name)) continue;  // versions that share it are neighbours
    known += known.empty() ? "" : ", ";
    known += name;
  }
  return fail(ErrorCode::unsupported, "{}: architecture \"{}\" is not supported; fathom runs {}",
              checkpoint.source(), checkpoint.architecture(), known);
}

}  // namespace

Result<ConfigNotes> check_architecture(const Checkpoint& checkpoint) {
  FATHOM_TRY(architecture, find_architecture(checkpoint));
  return architecture->check(checkpoint);
}

Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const Checkpoint> checkpoint,
                                          Backend& backend, const ModelOptions& options) {
  if (options.max_batch < 1)
    return fail(ErrorCode::invalid_argument, "max_batch is {}; it must be at least 1",
                options.max_batch);
  FATHOM_TRY(architecture, find_architecture(*checkpoint));
  if (checkpoint->tensors().empty()) {
    return fail(ErrorCode::not_found,
                "{}: has no weights, only what prompts for a server are made with: to run it here "
                "pull all of the model",
                checkpoint->source());
  }
  return architecture->load(std::move(checkpoint), backend, options);
}

}  // namespace fathom::engine

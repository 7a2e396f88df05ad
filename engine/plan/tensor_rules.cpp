#include "engine/plan/tensor_rules.h"

#include <algorithm>
#include <iterator>

namespace fathom::engine {
namespace {

struct Row {
  std::string_view kind;
  TensorRule rule;
};

constexpr Row kRows[] = {
    {"token_embd", {Part::embedding, Split::whole}},
    {"output_norm", {Part::head, Split::whole}},
    {"output", {Part::head, Split::whole}},
    {"rope_freqs", {Part::attention, Split::whole}},
    {"attn_norm", {Part::attention, Split::whole}},
    {"attn_q", {Part::attention, Split::heads}},
    {"attn_k", {Part::attention, Split::kv_heads}},
    {"attn_v", {Part::attention, Split::kv_heads}},
    {"attn_output", {Part::attention, Split::heads}},
    // Latents are computed by every rank, which then expands them for its own heads.
    {"attn_q_a", {Part::attention, Split::whole}},
    {"attn_q_a_norm", {Part::attention, Split::whole}},
    {"attn_q_b", {Part::attention, Split::heads}},
    {"attn_kv_a_mqa", {Part::attention, Split::whole}},
    {"attn_kv_a_norm", {Part::attention, Split::whole}},
    {"attn_kv_b", {Part::attention, Split::heads}},
    {"attn_k_b", {Part::attention, Split::heads}},
    {"attn_v_b", {Part::attention, Split::heads}},
    // All ranks must look back on the same tokens.
    {"indexer.attn_q_b", {Part::attention, Split::whole}},
    {"indexer.attn_k", {Part::attention, Split::whole}},
    {"indexer.k_norm", {Part::attention, Split::whole}},
    {"indexer.proj", {Part::attention, Split::whole}},
    {"ffn_norm", {Part::dense, Split::whole}},
    {"ffn_gate", {Part::dense, Split::columns}},
    {"ffn_up", {Part::dense, Split::columns}},
    {"ffn_down", {Part::dense, Split::columns}},
    {"ffn_gate_shexp", {Part::dense, Split::columns}},
    {"ffn_up_shexp", {Part::dense, Split::columns}},
    {"ffn_down_shexp", {Part::dense, Split::columns}},
    {"ffn_gate_inp", {Part::dense, Split::whole}},
    {"exp_probs_b", {Part::dense, Split::whole}},
    {"ffn_gate_up_exps", {Part::routed, Split::experts}},
    {"ffn_gate_exps", {Part::routed, Split::experts}},
    {"ffn_up_exps", {Part::routed, Split::experts}},
    {"ffn_down_exps", {Part::routed, Split::experts}},
    {"nextn.eh_proj", {Part::draft, Split::whole}},
    {"nextn.enorm", {Part::draft, Split::whole}},
    {"nextn.hnorm", {Part::draft, Split::whole}},
    {"nextn.embed_tokens", {Part::draft, Split::whole}},
    {"nextn.shared_head_head", {Part::draft, Split::whole}},
    {"nextn.shared_head_norm", {Part::draft, Split::whole}},
};

}  // namespace

std::string_view kind_of_tensor(std::string_view gguf_name) {
  std::string_view kind = gguf_name.substr(0, gguf_name.rfind('.'));  // .weight, .bias
  if (!kind.starts_with("blk.")) return kind;
  kind.remove_prefix(4);
  return kind.substr(std::min(kind.size(), kind.find('.') + 1));
}

std::optional<TensorRule> rule_of(std::string_view gguf_name) {
  const Row* found = std::ranges::find(kRows, kind_of_tensor(gguf_name), &Row::kind);
  return found == std::end(kRows) ? std::nullopt : std::optional(found->rule);
}

bool is_of_draft_layer(std::string_view gguf_name) {
  return kind_of_tensor(gguf_name).starts_with("nextn.");
}

bool is_repeated_in_draft_layer(std::string_view gguf_name) {
  const std::string_view kind = kind_of_tensor(gguf_name);
  return kind == "nextn.embed_tokens" || kind == "nextn.shared_head_head";
}

}  // namespace fathom::engine

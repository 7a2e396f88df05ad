#include "engine/convert/quant_mix.h"

#include <algorithm>
#include <iterator>

#include "engine/convert/layout.h"

namespace fathom::engine {
namespace {

using enum DType;

constexpr QuantMix kMixes[] = {
    {"f32", f32, 0, f32, false},           {"f16", f16, 1, f16, false},
    {"bf16", bf16, 32, bf16, false},       {"q8_0", q8_0, 7, q8_0, false},
    {"q4_0", q4_0, 2, q4_0, false},        {"q4_1", q4_1, 3, q4_1, false},
    {"q5_0", q5_0, 8, q5_0, false},        {"q5_1", q5_1, 9, q5_1, false},
    {"q2_k", q2_k, 10, q3_k, true},        {"q3_k", q3_k, 11, q3_k, false},
    {"q3_k_m", q3_k, 12, q4_k, true},      {"q4_k", q4_k, 14, q4_k, false},
    {"q4_k_m", q4_k, 15, q6_k, false},     {"q5_k", q5_k, 16, q5_k, false},
    {"q5_k_m", q5_k, 17, q6_k, false},     {"q6_k", q6_k, 18, q6_k, false},
    {"iq4_nl", iq4_nl, 25, iq4_nl, false}, {"iq4_xs", iq4_xs, 30, iq4_xs, false},
    {"mxfp4", mxfp4, 38, mxfp4, false},
};

double bits(DType type) {
  const DTypeInfo& t = info(type);
  return 8.0 * t.block_bytes / t.block_elements;
}

DType at_least(DType type, DType floor) { return bits(type) < bits(floor) ? floor : type; }

bool is_full_precision(std::string_view name, size_t n_dims) {
  return n_dims == 1 || name.ends_with("_norm.weight") || name.ends_with("ffn_gate_inp.weight") ||
         name.ends_with("indexer.proj.weight") || name.ends_with("indexer.proj.weight");
}

bool is_raised(const QuantMix& mix, const ModelShape& model, std::string_view name) {
  const bool sensitive = name.find(".attn_v.") != name.npos || name.find(".ffn_down") != name.npos;
  const int layer = layer_of_name(name);
  if (!sensitive || layer < 0) return false;
  const int eighth = model.n_layers / 8;
  return mix.raise_all || layer < eighth || layer >= model.n_layers - eighth ||
         (layer - eighth) % 3 == 2;
}

}  // namespace

const QuantMix* find_quant_mix(std::string_view name) {
  const auto* found = std::ranges::find(kMixes, name, &QuantMix::name);
  return found == std::end(kMixes) ? nullptr : found;
}

Result<const QuantMix*> require_quant_mix(std::string_view name) {
  if (const QuantMix* mix = find_quant_mix(name)) return mix;
  return fail(ErrorCode::invalid_argument, "there is no quantisation '{}'; there are {}", name,
              quant_mix_names());
}

std::string quant_mix_names() {
  std::string names;
  for (const QuantMix& mix : kMixes) {
    names += names.empty() ? "" : ", ";
    names += mix.name;
  }
  return names;
}

DType wanted_dtype(const QuantMix& mix, const ModelShape& model, std::string_view name,
                   const std::vector<int64_t>& shape) {
  if (is_full_precision(name, shape.size())) return f32;
  if (info(mix.base).block_elements == 1) return mix.base;
  if (name == "output.weight" || name == "token_embd.weight") return at_least(mix.base, q6_k);
  if (name.find(".attn_k_b.") != name.npos || name.find(".attn_v_b.") != name.npos) return q8_0;
  return is_raised(mix, model, name) ? mix.raised : mix.base;
}

DType choose_dtype(const QuantMix& mix, const ModelShape& model, std::string_view name,
                   const std::vector<int64_t>& shape) {
  const DType wanted = wanted_dtype(mix, model, name, shape);
  for (const DType type : {wanted, q8_0})
    if (shape.back() % info(type).block_elements == 0) return type;
  return f16;
}

}  // namespace fathom::engine

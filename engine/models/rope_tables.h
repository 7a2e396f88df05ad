// Frequencies of rotary position embedding, with the ways in which models stretch their context.
//
// Pure functions; computed in f64 and rounded once.

#pragma once

#include <variant>
#include <vector>

#include "engine/backend.h"
#include "engine/models/fields.h"

namespace fathom::engine {

/// Every angle divided by `factor` (DeepSeek-Coder), at short contexts too.
struct LinearScaling {
  double factor = 1;
};

/// Long wavelengths divided by `factor`, short ones kept, a ramp between (Llama 3.1).
struct Llama3Scaling {
  double factor = 1;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  double original_context = 8192;
};

/// Interpolation by frequency (arXiv:2309.00071), as in DeepSeek's modeling_deepseek.py: always
/// on, whatever the length of the text.
struct YarnScaling {
  double factor = 1;
  double original_context = 4096;
  double beta_fast = 32;
  double beta_slow = 1;
  double magnitude = 1;       // factor on cos and sin
  double mscale_all_dim = 0;  // 0: the softmax scale stays as it is
};

using RopeScaling = std::variant<std::monostate, LinearScaling, Llama3Scaling, YarnScaling>;

/// rope_scaling of config.json, rope.scaling.* of GGUF. Refuses types it does not know.
RopeScaling read_rope_scaling(Fields& fields);

/// rope_theta, or rope_parameters.rope_theta of newer files; 10000 if neither is there.
double read_rope_base(Fields& fields);

/// base^(-2i / dim), scaled; [dim / 2].
std::vector<float> inverse_frequencies(int dim, double base, const RopeScaling& scaling);

/// 1 for factor <= 1, else 0.1 * k * ln(factor) + 1.
double yarn_mscale(double factor, double k);

/// The frequencies and, for YaRN, the magnitude.
Rope make_rope(RopeLayout layout, int dim, double base, const RopeScaling& scaling);

}  // namespace fathom::engine

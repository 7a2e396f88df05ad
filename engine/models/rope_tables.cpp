#include "engine/models/rope_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fathom::engine {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

double scaled(double frequency, const Llama3Scaling& s) {
  const double wavelength = kTwoPi / frequency;
  if (wavelength < s.original_context / s.high_freq_factor) return frequency;
  if (wavelength > s.original_context / s.low_freq_factor) return frequency / s.factor;
  const double keep = (s.original_context / wavelength - s.low_freq_factor) /
                      (s.high_freq_factor - s.low_freq_factor);
  return (1 - keep) * frequency / s.factor + keep * frequency;
}

// Index of the pair that turns `rotations` times within the original context.
double yarn_correction(double rotations, int dim, double base, const YarnScaling& s) {
  return dim * std::log(s.original_context / (rotations * kTwoPi)) / (2 * std::log(base));
}

void scale(std::vector<double>& frequencies, int dim, double base, const YarnScaling& s) {
  const double low = std::max(std::floor(yarn_correction(s.beta_fast, dim, base, s)), 0.0);
  double high = std::min(std::ceil(yarn_correction(s.beta_slow, dim, base, s)), dim - 1.0);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies[i] = frequencies[i] / s.factor * ramp + frequencies[i] * (1 - ramp);
  }
}

// transformers wrote "rope_scaling" until version 4 and writes "rope_parameters" since version 5.
std::string_view hugging_face_prefix(const Fields& fields) {
  return fields.has({"rope_parameters.rope_type", ""}) ? "rope_parameters." : "rope_scaling.";
}

YarnScaling read_yarn(Fields& fields, const std::string& prefix) {
  YarnScaling s;
  s.factor = fields.positive({prefix + "factor", "rope.scaling.factor"});
  s.original_context = fields.positive(
      {prefix + "original_max_position_embeddings", "rope.scaling.original_context_length"});
  s.beta_fast = fields.positive_or({prefix + "beta_fast", "rope.scaling.yarn_beta_fast"}, 32);
  s.beta_slow = fields.positive_or({prefix + "beta_slow", "rope.scaling.yarn_beta_slow"}, 1);

  // GGUF keeps 0.1 * mscale_all_dim; mscale itself is the same in every model that writes it.
  const double gguf_mscale = fields.number_or({"", "rope.scaling.yarn_log_multiplier"}, 0) / 0.1;
  const double mscale = fields.number_or({prefix + "mscale", ""}, gguf_mscale);
  s.mscale_all_dim = fields.number_or({prefix + "mscale_all_dim", ""}, gguf_mscale);
  const bool cancels = mscale != 0 && s.mscale_all_dim != 0;
  s.magnitude = fields.number_or(
      {prefix + "attention_factor", ""},
      cancels ? yarn_mscale(s.factor, mscale) / yarn_mscale(s.factor, s.mscale_all_dim)
              : yarn_mscale(s.factor, 1.0));
  return s;
}

}  // namespace

RopeScaling read_rope_scaling(Fields& fields) {
  const std::string prefix(hugging_face_prefix(fields));
  std::string type = fields.string_or({prefix + "rope_type", "rope.scaling.type"}, "");
  if (type.empty()) type = fields.string_or({prefix + "type", ""}, "");

  if (type.empty() && fields.has({"", "rope.scaling.factor"})) {
    type = "linear";
    fields.note("rope.scaling.type is missing; taken as linear, as a factor is there");
  }
  if (type.empty() && fields.has({"", "rope.scale_linear"})) {  // GGUF before mid-2023
    fields.note("rope.scale_linear, of files before mid-2023, is taken as linear scaling");
    return LinearScaling{fields.positive({"", "rope.scale_linear"})};
  }
  if (type.empty() || type == "none" || type == "default") return std::monostate{};
  if (type == "linear")
    return LinearScaling{fields.positive({prefix + "factor", "rope.scaling.factor"})};
  if (type == "llama3")
    return Llama3Scaling{
        .factor = fields.positive({prefix + "factor", ""}),
        .low_freq_factor = fields.positive({prefix + "low_freq_factor", ""}),
        .high_freq_factor = fields.positive({prefix + "high_freq_factor", ""}),
        .original_context = fields.positive({prefix + "original_max_position_embeddings", ""})};
  if (type == "yarn") return read_yarn(fields, prefix);
  fields.refuse("rope scaling \"" + type + "\" is not supported");
  return std::monostate{};
}

double read_rope_base(Fields& fields) {
  return fields.positive_or({"rope_theta", "rope.freq_base"},
                            fields.positive_or({"rope_parameters.rope_theta", ""}, 10000.0));
}

std::vector<float> inverse_frequencies(int dim, double base, const RopeScaling& scaling) {
  std::vector<double> frequencies(dim / 2);
  for (int i = 0; i < dim / 2; ++i) frequencies[i] = std::pow(base, -2.0 * i / dim);

  if (const auto* s = std::get_if<LinearScaling>(&scaling))
    for (double& f : frequencies) f /= s->factor;
  if (const auto* s = std::get_if<Llama3Scaling>(&scaling))
    for (double& f : frequencies) f = scaled(f, *s);
  if (const auto* s = std::get_if<YarnScaling>(&scaling)) scale(frequencies, dim, base, *s);
  return {frequencies.begin(), frequencies.end()};
}

double yarn_mscale(double factor, double k) {
  return factor <= 1 ? 1.0 : 0.1 * k * std::log(factor) + 1.0;
}

Rope make_rope(RopeLayout layout, int dim, double base, const RopeScaling& scaling) {
  const auto* yarn = std::get_if<YarnScaling>(&scaling);
  return {.layout = layout,
          .inverse_frequencies = inverse_frequencies(dim, base, scaling),
          .magnitude = yarn ? static_cast<float>(yarn->magnitude) : 1.0f};
}

}  // namespace fathom::engine

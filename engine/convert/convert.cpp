#include "engine/convert/convert.h"

#include <system_error>

#include "engine/convert/gguf_metadata.h"
#include "engine/convert/layout.h"
#include "engine/convert/quant_mix.h"
#include "engine/convert/write_model.h"
#include "engine/model.h"

namespace fathom::engine {
namespace {

/// A GGUF file stays what it is, apart from its types and the parts it was split into.
Result<std::vector<NamedSource>> take_over(const Checkpoint& checkpoint, GgufWriter& writer) {
  for (const auto& [key, value] : checkpoint.metadata().all())
    if (!key.starts_with("split.") && key != "general.alignment") writer.set(key, value);

  std::vector<NamedSource> sources;
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    auto source = read_stored({.tensor = &tensor});
    if (!source)
      return fail(source.error().code, "{}: {}", checkpoint.source(), source.error().message);
    sources.push_back({tensor.name, tensor.shape, std::move(*source)});
  }
  return sources;
}

Result<std::vector<NamedSource>> translate(const Checkpoint& checkpoint, GgufWriter& writer) {
  FATHOM_TRY(layout, find_layout(checkpoint));
  FATHOM_CHECK(check_architecture(checkpoint));
  FATHOM_CHECK(write_hyperparameters(checkpoint, *layout, writer));
  FATHOM_CHECK(write_tokenizer(checkpoint, writer));
  return lay_out(checkpoint, *layout);
}

}  // namespace

Result<ConvertReport> convert(const Checkpoint& checkpoint, const std::filesystem::path& out,
                              const ConvertOptions& options) {
  FATHOM_TRY(mix, require_quant_mix(options.mix));
  if (checkpoint.tensors().empty())
    return fail(ErrorCode::not_found, "{}: has no weights", checkpoint.source());
  GgufWriter writer;
  const bool is_gguf = checkpoint.format() == Checkpoint::Format::gguf;
  FATHOM_TRY(sources, is_gguf ? take_over(checkpoint, writer) : translate(checkpoint, writer));
  return write_model(writer, sources, *mix, out, options);
}

}  // namespace fathom::engine

// Quantises sources into a GGUF file: what converting and synthesising share.

#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/thread_pool.h"
#include "engine/checkpoint/gguf_writer.h"
#include "engine/convert/convert.h"
#include "engine/convert/layout.h"
#include "engine/convert/quant_mix.h"

namespace fathom::engine {

/// Adds the tensors to `writer`, which has the metadata, in the types that the mix gives them.
Result<ConvertReport> add_tensors(GgufWriter& writer, const std::vector<NamedSource>& sources,
                                  const QuantMix& mix);

/// add_tensors(), and writes the file.
Result<ConvertReport> write_model(GgufWriter& writer, const std::vector<NamedSource>& sources,
                                  const QuantMix& mix, const std::filesystem::path& out,
                                  const ConvertOptions& options);

}  // namespace fathom::engine

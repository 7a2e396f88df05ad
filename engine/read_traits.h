// What the layers above must know of a model, gathered from its files.

#pragma once

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/model_traits.h"

namespace fathom::engine {

class Tokenizer;

/// `force_fim`: fills in the middle whenever the tokenizer has the markers. Reads no weights. A
/// Hugging Face folder may also have a generation_config.json: its end tokens count too. Errors:
/// corrupt (a field is missing or impossible).
Result<ModelTraits> read_traits(const Checkpoint& checkpoint, const Tokenizer& tokenizer,
                                bool force_fim = false);

}  // namespace fathom::engine

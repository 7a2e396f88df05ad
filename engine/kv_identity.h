// What the rows of the KV cache depend on besides the text: who computes the same identity computes
// the same bits; with experts in two memories the same within rounding, as where experts move.
//
// Threads: any.

#pragma once

#include <string>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/model.h"

namespace fathom::engine {

/// SHA-256, 64 digits, of the model's files as they were opened, this program's file, the backend
/// and what the cache keeps. Errors: not_found, io (the program's file was replaced, or that of a
/// folder's configuration has gone).
Result<std::string> kv_identity(const Checkpoint& checkpoint, const Backend& backend,
                                const Model& model);

}  // namespace fathom::engine

// What each tensor of a model is for, and how ranks that compute a layer together share it.
//
// Threads: any.

#pragma once

#include <optional>
#include <string_view>

namespace fathom::engine {

/// `dense`: networks that every token passes, routers and norms. `draft`: everything of the layers
/// behind the last, which predict a second token.
enum class Part { embedding, attention, dense, routed, head, draft };
inline constexpr int kParts = 6;

enum class Split {
  whole,     // each rank has all of it
  heads,     // of queries
  kv_heads,  // of keys and values, if they can be dealt out evenly; else whole
  columns,   // of a network's hidden layer
  experts,   // whole ones
};

struct TensorRule {
  Part part = Part::attention;
  Split split = Split::whole;
};

/// By the tensor's name in GGUF. Nothing if it is not known.
std::optional<TensorRule> rule_of(std::string_view gguf_name);

/// Whether only the layers behind the last have a tensor of this name.
bool is_of_draft_layer(std::string_view gguf_name);

/// Whether it repeats the main model's embeddings or output matrix, in whose place it is not
/// loaded.
bool is_repeated_in_draft_layer(std::string_view gguf_name);

/// "blk.3.attn_q.weight" is "attn_q".
std::string_view kind_of_tensor(std::string_view gguf_name);

}  // namespace fathom::engine

// A declaration as its users need it: without bodies, and short.
//
// Pure functions; any thread.

#pragma once

#include <map>
#include <string>
#include <string_view>

#include "completion/workspace/source_file.h"

namespace fathom::completion {

/// Most bytes of one declaration, about 270 tokens; what is longer is shown in part.
inline constexpr size_t kMaxSkeletonBytes = 800;

/// Whole lines, LF. Of a type that is too long, its header and as many members as fit, those in
/// `wanted` first; of anything else, its first lines. A type whose methods stand elsewhere in the
/// file (Go, Rust) has their headers behind it.
std::string skeleton_of(const SourceFile& file, const Declaration& declaration,
                        const std::map<std::string, float, std::less<>>& wanted);

/// The type of the file that is shown for a member, by its place or by its name; null if none. A
/// type is shown itself, but for one that only adds to an earlier one of its name.
const Declaration* owner_of(const SourceFile& file, const Declaration& declaration);

}  // namespace fathom::completion

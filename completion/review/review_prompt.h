// What a model is asked about a part of a change.
//
// Threads: any; functions.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "completion/review/anchor.h"
#include "completion/review/changed_file.h"

namespace fathom::completion {

/// A longer line is shown no further.
inline constexpr size_t kMaxShownLineBytes = 1000;

/// A line of the numbered code: "  12 + text". Ends with LF.
std::string rendered(const ShownLine& line);

/// Lines of a hunk of the file in their order, removed ones among them, secrets masked in all.
std::vector<ShownLine> shown_lines(const Hunk& hunk, const ChangedFile& file,
                                   const SecretFinder& secrets);

/// Declarations that the shown lines use and that stand elsewhere, in the same or another file.
struct UsedDeclaration {
  std::string path;
  std::string text;  // whole lines, LF; secrets masked
};

struct PromptPart {
  const ChangedFile* file = nullptr;
  std::vector<ShownLine> lines;  // ascending, perhaps with gaps
  std::vector<UsedDeclaration> used;
};

/// Of the question: "" if there are none.
std::string rendered(const std::vector<UsedDeclaration>& used);

/// The whole question. What the code says is data: each of its lines begins with its number, so
/// none can end the part that holds it.
std::string review_message(const PromptPart& part, int max_findings);

}  // namespace fathom::completion

// Changes that tests make of two texts.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "completion/review/diff_parser.h"
#include "completion/review/finding.h"
#include "completion/review/git_patch.h"

namespace fathom::test {

/// The change from one text to another, with the new one at hand.
inline completion::ReviewedFile change_of(std::string_view path, std::string_view before,
                                          std::string_view after) {
  auto files = completion::parse_diff(completion::make_patch(path, before, after));
  if (!files || files->size() != 1) return {};
  return {.diff = std::move(files->front()), .text = std::make_shared<const std::string>(after)};
}

/// The same without the text.
inline completion::ReviewedFile bare_change_of(std::string_view path, std::string_view before,
                                               std::string_view after) {
  return {.diff = change_of(path, before, after).diff, .text = nullptr};
}

}  // namespace fathom::test

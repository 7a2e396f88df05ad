// A request for a completion at the cursor of a marked text.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "completion/assistant.h"
#include "tests/support/marked_text.h"

namespace fathom::completion {

inline CompletionRequest request_at(std::string_view marked, std::string language = "cpp",
                                    std::string uri = "file:///a.cpp") {
  auto [text, cursor] = test::take_cursor(marked);
  return {.snapshot = std::make_shared<Snapshot>(Snapshot{.uri = std::move(uri),
                                                          .path = "a.cpp",
                                                          .language = std::move(language),
                                                          .text = std::move(text)}),
          .cursor = cursor};
}

}  // namespace fathom::completion

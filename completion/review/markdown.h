// Text of strangers inside Markdown that hosts of code render.

#pragma once

#include <string>
#include <string_view>

namespace fathom::completion {

/// `text` as one paragraph that renders as it is spelled: no HTML, links, images, headings, code
/// or emphasis, and nobody and nothing is mentioned (@name, #1, !1, bare addresses) on GitHub or
/// GitLab. What cannot be seen is spelled out (visible.h). Cut after `max_bytes` of text.
std::string markdown_text(std::string_view text, size_t max_bytes);

/// `text` as one paragraph without effects where Markdown may or may not be rendered: nothing is
/// escaped, but characters of no width keep HTML, links and mentions from being recognised.
std::string inert_text(std::string_view text);

/// `text` as inline code, whatever backticks it holds.
std::string markdown_code(std::string_view text);

/// A fenced block of `content`, which is empty or ends with LF; the fence is longer than any run of
/// backticks in it.
std::string markdown_fence(std::string_view info, std::string_view content);

}  // namespace fathom::completion

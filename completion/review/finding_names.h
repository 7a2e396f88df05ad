// How severities and categories are spelled, wherever they are read or written.

#pragma once

#include <span>
#include <string_view>

namespace fathom::completion {

/// "note", "warning", "error": by severity.
std::span<const std::string_view> severity_names();

/// What a model may call its findings.
std::span<const std::string_view> model_categories();
/// Those, and what only rules find.
std::span<const std::string_view> finding_categories();

}  // namespace fathom::completion

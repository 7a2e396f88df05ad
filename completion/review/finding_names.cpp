#include "completion/review/finding_names.h"

#include <iterator>

namespace fathom::completion {
namespace {

constexpr std::string_view kSeverities[] = {"note", "warning", "error"};

// The model's first.
constexpr std::string_view kCategories[] = {"bug",      "security",       "concurrency",
                                            "resource", "error-handling", "performance",
                                            "api",      "secret",         "hidden-text"};
constexpr size_t kRuleCategories = 2;

}  // namespace

std::span<const std::string_view> severity_names() { return kSeverities; }

std::span<const std::string_view> model_categories() {
  return finding_categories().first(std::size(kCategories) - kRuleCategories);
}

std::span<const std::string_view> finding_categories() { return kCategories; }

}  // namespace fathom::completion

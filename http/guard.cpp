#include "http/guard.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace fathom::http {
namespace {

constexpr std::array<std::string_view, 3> kOwnNames = {"localhost", "127.0.0.1", "[::1]"};

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// "localhost:8080" -> "localhost".
std::string_view name_of(std::string_view host) {
  const size_t behind = host.starts_with('[') ? host.find(']') : 0;
  if (behind == std::string_view::npos) return host;
  return host.substr(0, host.find(':', behind));
}

}  // namespace

Status check_source(std::string_view host, std::string_view origin, Reach reach) {
  const bool is_network = reach == Reach::network;
  const bool is_ours = is_network || std::ranges::any_of(kOwnNames, [&](std::string_view own) {
                         return equals_ignoring_case(name_of(host), own);
                       });
  if (!is_ours) {
    return fail(ErrorCode::invalid_argument,
                "this is not the host that was asked for; ask for localhost");
  }
  if (origin.empty()) return {};
  const std::string_view scheme = is_network ? "https://" : "http://";
  if (origin.starts_with(scheme) && equals_ignoring_case(origin.substr(scheme.size()), host)) {
    return {};
  }
  return fail(ErrorCode::invalid_argument, "pages of other origins may not ask");
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() < kScheme.size() ||
      !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  authorization.remove_prefix(kScheme.size());
  return authorization;
}

}  // namespace fathom::http

#include "completion/remote/proxy.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace fathom::completion {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Whether the list names the host or a domain that it is in.
bool names(std::string_view list, std::string_view host) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view entry = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (entry == "*") return true;
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.empty() || !host.ends_with(entry)) continue;
    const std::string_view before = host.substr(0, host.size() - entry.size());
    if (before.empty() || before.ends_with('.')) return true;
  }
  return false;
}

}  // namespace

Result<std::optional<ServerUrl>> proxy_for(const ServerUrl& server,
                                           const Environment& environment) {
  const auto either = [&](const char* name, const char* other) {
    const std::string value = environment(name);
    return value.empty() ? environment(other) : value;
  };
  if (server.is_loopback() || names(either("no_proxy", "NO_PROXY"), server.host))
    return std::nullopt;
  // Not HTTP_PROXY: whoever asks a CGI program sets that one.
  const std::string proxy =
      server.tls ? either("https_proxy", "HTTPS_PROXY") : environment("http_proxy");
  if (proxy.empty()) return std::nullopt;
  const Result<ServerUrl> url =
      parse_server_url(proxy.find("://") == std::string::npos ? "http://" + proxy : proxy);
  if (!url || url->tls) {
    return fail(ErrorCode::invalid_argument,
                "{} in the environment must be http://HOST[:PORT], without a user or password",
                server.tls ? "https_proxy" : "http_proxy");
  }
  return *url;
}

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace fathom::completion

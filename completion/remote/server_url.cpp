#include "completion/remote/server_url.h"

#include <algorithm>
#include <charconv>

namespace fathom::completion {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;

auto wrong(std::string_view what) {
  return fail(ErrorCode::invalid_argument,
              "the address of a server must be http[s]://HOST[:PORT][/PATH]: {}", what);
}

bool is_graphic(unsigned char byte) { return byte > ' ' && byte < 0x7f; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

uint16_t usual_port(bool tls) { return tls ? kHttpsPort : kHttpPort; }

}  // namespace

std::string ServerUrl::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  if (port != usual_port(tls)) text += fmt::format(":{}", port);
  return text;
}

std::string ServerUrl::origin() const {
  return fmt::format("{}://{}", tls ? "https" : "http", authority());
}

bool ServerUrl::is_loopback() const {
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (is_ipv4 && host.starts_with("127."));
}

Result<ServerUrl> parse_server_url(std::string_view text) {
  if (!std::ranges::all_of(text, is_graphic)) return wrong("it has a blank or a strange character");
  ServerUrl url;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    url.tls = false;
  } else {
    return wrong("it begins with neither https:// nor http://");
  }
  if (text.find_first_of("?#") != std::string_view::npos) return wrong("it has a query");
  const size_t slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash);
  std::string_view base = text.substr(slash);
  if (authority.find('@') != std::string_view::npos)
    return wrong("a user or password has no place in it; set remote.token_file");

  size_t host_end = std::min(authority.find(':'), authority.size());
  if (authority.starts_with('[')) {
    const size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return wrong("a bracket is not closed");
    url.host = lower(authority.substr(1, bracket - 1));
    host_end = bracket + 1;
  } else {
    url.host = lower(authority.substr(0, host_end));
  }
  if (url.host.empty()) return wrong("it has no host");

  url.port = usual_port(url.tls);
  if (std::string_view port = authority.substr(host_end); !port.empty()) {
    if (!port.starts_with(':')) return wrong("something stands between host and port");
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
      return wrong("its port is no number from 1 to 65535");
  }
  while (base.ends_with('/')) base.remove_suffix(1);
  if (base.ends_with("/v1")) base.remove_suffix(3);
  url.base = base;
  return url;
}

}  // namespace fathom::completion

#include "completion/remote/remote_server.h"

#include "completion/remote/server_url.h"

namespace fathom::completion {

std::string origin_of(const RemoteServer& server) {
  const Result<ServerUrl> url = parse_server_url(server.url);
  return url ? url->origin() : "";
}

bool is_unencrypted(std::string_view origin) {
  const Result<ServerUrl> url = parse_server_url(origin);
  return url && url->is_unencrypted();
}

}  // namespace fathom::completion

// The proxy that the environment names for a server: https_proxy, http_proxy and no_proxy, as curl
// reads them (curl(1), "ENVIRONMENT").
//
// Threads: any, while nobody changes the environment.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "completion/remote/server_url.h"
#include "engine/base/result.h"

namespace fathom::completion {

/// The value of a variable, "" if it is not set.
using Environment = std::function<std::string(const char* name)>;

/// Nothing: the server is reached without one. None is for this machine. Errors: invalid_argument
/// (a proxy that is no http:// address; what it is may hold a password, and is not repeated).
Result<std::optional<ServerUrl>> proxy_for(const ServerUrl& server, const Environment& environment);

/// Of this process.
std::string environment_variable(const char* name);

}  // namespace fathom::completion

// A person's word that a command may send text to the server that the configuration names.

#pragma once

#include <string>

#include "completion/remote/remote_server.h"
#include "engine/base/result.h"

namespace fathom::cli {

/// Asks on a terminal, once for a folder and a server. Nothing to do without a server. `folder`: of
/// the project whose text would be sent; "": the current one.
/// Errors: invalid_argument (it was not given, or there is no terminal to ask on; says how to give
/// it), and those of Consent.
Status ask_for_consent(const completion::RemoteServer& server, const std::string& folder);

}  // namespace fathom::cli

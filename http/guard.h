// Who may talk to a port that every program of this machine can reach, web pages among them.
//
// Threads: any.

#pragma once

#include <string_view>

#include "engine/base/result.h"

namespace fathom::http {

enum class Reach {
  this_machine,
  network,  // over TLS and with a token, so that a name is the certificate's business
};

/// Refuses what a browser sends on behalf of a page: a request that another name than this
/// machine's was resolved for (DNS rebinding), and one whose page is not of this very host and
/// port. `origin`: "" if there is none. Errors: invalid_argument, for people.
Status check_source(std::string_view host, std::string_view origin,
                    Reach reach = Reach::this_machine);

/// What follows "Bearer " in an Authorization header; "" if it has another form.
std::string_view bearer_token(std::string_view authorization);

}  // namespace fathom::http

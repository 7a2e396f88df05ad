// Files whose purpose is to hold credentials: their text never enters a prompt.

#pragma once

#include <string_view>

namespace fathom::completion {

/// By the name (.env, *.pem, id_rsa, ...) or the folder (.ssh, .aws, ...) that a path ends in.
/// Takes paths and URIs, with either kind of slash, in any case.
bool is_secret_file(std::string_view path);

}  // namespace fathom::completion

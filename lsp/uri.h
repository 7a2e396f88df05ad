// Paths out of document URIs, and back.

#pragma once

#include <string>
#include <string_view>

namespace fathom::lsp {

/// The path of a URI, percent-decoded, '/' between parts: "file:///a%20b/c.cpp" -> "/a b/c.cpp",
/// "file:///c%3A/x.cpp" -> "c:/x.cpp", "untitled:Untitled-1" -> "Untitled-1". A text without a
/// scheme is taken as a path. Escapes that are none stay as they are.
std::string path_of_uri(std::string_view uri);

/// The URI of an absolute path, all but letters, digits and -._~/ percent-encoded.
std::string uri_of_path(std::string_view path);

}  // namespace fathom::lsp

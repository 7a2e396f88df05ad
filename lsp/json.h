// The one name of the JSON type. Headers see only this declaration: nlohmann/json.hpp is heavy and
// is included by sources.

#pragma once

#include <nlohmann/json_fwd.hpp>

namespace fathom::lsp {

using Json = nlohmann::json;

}  // namespace fathom::lsp

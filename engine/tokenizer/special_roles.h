// Which spellings of special tokens mean what.

#pragma once

#include <span>
#include <string_view>

#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {

struct RoleSpelling {
  SpecialRole role;
  std::string_view spelling;
};

/// The known spellings. Of two for one role the earlier counts.
std::span<const RoleSpelling> role_spellings();

}  // namespace fathom::engine

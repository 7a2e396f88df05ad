// How DeepSeek-V3 chooses experts ("noaux_tc"), which V3.2 keeps.

#pragma once

#include "engine/models/feed_forward_config.h"
#include "engine/models/fields.h"

namespace fathom::engine {

/// mscale and mscale_all_dim of every V3.
inline constexpr double kDeepseekV3Mscale = 1.0;

/// Remembers in `fields` what is wrong or another generation's.
FeedForwardConfig read_v3_experts(Fields& fields);

}  // namespace fathom::engine

// The Llama family: Llama, Qwen2.

#include "tests/engine/golden_suite.h"

namespace fathom::engine {
namespace {

INSTANTIATE_GOLDEN(gqa_cases());

}  // namespace
}  // namespace fathom::engine

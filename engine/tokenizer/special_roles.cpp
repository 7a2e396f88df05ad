#include "engine/tokenizer/special_roles.h"

namespace fathom::engine {
namespace {

// DeepSeek's bars and blanks are not ASCII: U+FF5C (full-width bar) and U+2581 (lower one eighth
// block).
#define BAR "\uff5c"
#define BLANK "\u2581"

using enum SpecialRole;

constexpr RoleSpelling kSpellings[] = {
    // DeepSeek
    {bos, "<" BAR "begin" BLANK "of" BLANK "sentence" BAR ">"},
    {eos, "<" BAR "end" BLANK "of" BLANK "sentence" BAR ">"},
    {pad, "<" BAR BLANK "pad" BLANK BAR ">"},
    {end_of_turn, "<|EOT|>"},
    {fim_begin, "<" BAR "fim" BLANK "begin" BAR ">"},
    {fim_hole, "<" BAR "fim" BLANK "hole" BAR ">"},
    {fim_end, "<" BAR "fim" BLANK "end" BAR ">"},
    {user, "<" BAR "User" BAR ">"},
    {user, "<|User|>"},
    {assistant, "<" BAR "Assistant" BAR ">"},
    {assistant, "<|Assistant|>"},
    {think_begin, "<think>"},
    {think_end, "</think>"},
    // Qwen
    {eos, "<|endoftext|>"},
    {end_of_turn, "<|im_end|>"},
    {fim_begin, "<|fim_prefix|>"},
    {fim_hole, "<|fim_suffix|>"},
    {fim_end, "<|fim_middle|>"},
    {pad, "<|fim_pad|>"},
    // Llama 3
    {bos, "<|begin_of_text|>"},
    {eos, "<|end_of_text|>"},
    {end_of_turn, "<|eot_id|>"},
    {pad, "<|finetune_right_pad_id|>"},
};

#undef BAR
#undef BLANK

}  // namespace

std::span<const RoleSpelling> role_spellings() { return kSpellings; }

}  // namespace fathom::engine

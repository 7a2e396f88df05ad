#include "engine/plan/tensor_rules.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

void check(std::string_view name, Part part, Split split) {
  const auto rule = rule_of(name);
  ASSERT_TRUE(rule) << name;
  EXPECT_EQ(rule->part, part) << name;
  EXPECT_EQ(rule->split, split) << name;
}

TEST(TensorRules, KnowWhatATensorIsForAndWhoSharesIt) {
  check("token_embd.weight", Part::embedding, Split::whole);
  check("blk.0.attn_q.weight", Part::attention, Split::heads);
  check("blk.0.attn_k.bias", Part::attention, Split::kv_heads);
  check("blk.12.attn_kv_a_mqa.weight", Part::attention, Split::whole);
  check("blk.12.indexer.attn_k.weight", Part::attention, Split::whole);
  check("blk.3.ffn_down_shexp.weight", Part::dense, Split::columns);
  check("blk.3.exp_probs_b.bias", Part::dense, Split::whole);
  check("blk.3.ffn_down_exps.weight", Part::routed, Split::experts);
  check("output.weight", Part::head, Split::whole);
}

TEST(TensorRules, SayNothingOfTensorsThatAreNotKnown) {
  for (const char* name : {"", "blk.", "blk.0", "blk.0.weight", "blk.0.attn_sinks.weight", "v.blk"})
    EXPECT_FALSE(rule_of(name)) << name;
}

TEST(TensorRules, TellTheDraftLayer) {
  EXPECT_TRUE(is_of_draft_layer("blk.61.nextn.eh_proj.weight"));
  EXPECT_FALSE(is_of_draft_layer("blk.61.attn_q.weight"));
  EXPECT_TRUE(is_repeated_in_draft_layer("blk.61.nextn.embed_tokens.weight"));
  EXPECT_FALSE(is_repeated_in_draft_layer("token_embd.weight"));
}

}  // namespace
}  // namespace fathom::engine

#include "engine/plan/rank_need.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

constexpr int kContext = 1000;

/// A layer of each kind of tensor, with round numbers.
ModelParts model() {
  ModelParts m = {.n_layers = 2, .dim = 10, .vocab_size = 100, .n_heads = 8, .n_kv_heads = 4};
  m.n_experts = 16;
  m.n_active = 2;
  m.cache_type = DType::f32;
  const LayerParts layer = {.pieces = {{{Part::attention, Split::heads}, 800, 1600},
                                       {{Part::attention, Split::kv_heads}, 80, 160},
                                       {{Part::attention, Split::whole}, 8, 16},
                                       {{Part::dense, Split::columns}, 400, 800},
                                       {{Part::routed, Split::experts}, 1600, 3200}},
                            .cache_width = 8,
                            .cache_split = Split::kv_heads,
                            .n_outputs = 50,
                            .pair_products = 64};
  m.layers = {layer, layer};
  m.layers.front().pieces.push_back({{Part::embedding, Split::whole}, 1000, 2000});
  m.layers.back().pieces.push_back({{Part::head, Split::whole}, 1001, 2002});
  return m;
}

RankNeed need(const ModelParts& m, int n_ranks) {
  return need_of_rank(m, {0, static_cast<int>(m.layers.size()), n_ranks, kContext});
}

int64_t of(const std::array<int64_t, kParts>& parts, Part part) {
  return parts[static_cast<size_t>(part)];
}

TEST(RankNeed, OfOneRankIsTheWholeModel) {
  const ModelParts m = model();
  const RankNeed one = need(m, 1);
  EXPECT_EQ(one.weight_bytes(), weight_bytes(m));
  EXPECT_EQ(one.cache_bytes, kContext * cache_bytes_per_token(m, DType::f32));
  EXPECT_EQ(one.total_read_bytes(), passed_by_token(m).n_bytes + one.cache_bytes);
  EXPECT_EQ(one.products + one.head_products, static_cast<double>(passed_by_token(m).n_parameters));
}

TEST(RankNeed, OfFourRanksIsAQuarterOfWhatCanBeSplit) {
  const RankNeed four = need(model(), 4);
  EXPECT_EQ(of(four.part_bytes, Part::embedding), 2000);
  EXPECT_EQ(of(four.part_bytes, Part::attention), 2 * (400 + 40 + 16));
  EXPECT_EQ(of(four.part_bytes, Part::dense), 2 * 200);
  EXPECT_EQ(of(four.part_bytes, Part::routed), 2 * 800);
  EXPECT_EQ(of(four.part_bytes, Part::head), 2002);
  EXPECT_EQ(four.cache_bytes, kContext * 2 * 8);
}

TEST(RankNeed, KeepsKeysAndValuesWholeThatDoNotDivide) {
  const RankNeed eight = need(model(), 8);
  EXPECT_EQ(of(eight.part_bytes, Part::attention), 2 * (200 + 160 + 16));
  EXPECT_EQ(eight.cache_bytes, kContext * 2 * 32);
}

TEST(RankNeed, ReadsTheExpertsOfTheBusiestRank) {
  // Of the 120 ways to choose 2 of 16, 24 take both from one of the four ranks.
  const double busiest = 1 + 24.0 / 120;
  EXPECT_NEAR(static_cast<double>(of(need(model(), 4).read_bytes, Part::routed)), 2 * 200 * busiest,
              2);
}

TEST(RankNeed, OfATiedModelReadsTheEmbeddingsAsHead) {
  ModelParts tied = model();
  tied.tied = true;
  tied.layers.back().pieces.pop_back();
  EXPECT_EQ(of(need(tied, 1).read_bytes, Part::head), 2000);
  EXPECT_EQ(of(need(tied, 1).part_bytes, Part::head), 0);
  const RankNeed last = need_of_rank(tied, {1, 2, 1, kContext});
  EXPECT_EQ(of(last.part_bytes, Part::head), 2000);
}

TEST(RankNeed, CountsDraftLayersAsMemoryOnly) {
  ModelParts drafting = model();
  LayerParts draft = {.pieces = {{{Part::draft, Split::heads}, 40, 80}}, .is_draft = true};
  draft.cache_width = 8;
  drafting.layers.push_back(draft);
  const RankNeed with = need(drafting, 2), without = need(model(), 2);
  EXPECT_EQ(with.weight_bytes(), without.weight_bytes() + 40);
  EXPECT_GT(with.cache_bytes, without.cache_bytes);
  EXPECT_EQ(with.total_read_bytes(), without.total_read_bytes());
}

TEST(RankNeed, IsSharedByNumbersThatDivideTheHeads) {
  ModelParts m = model();
  EXPECT_TRUE(can_share(m, 8));
  EXPECT_FALSE(can_share(m, 3));
  m.n_experts = 4;
  EXPECT_FALSE(can_share(m, 8));
}

}  // namespace
}  // namespace fathom::engine

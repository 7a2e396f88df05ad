// Attention of every kind of the GPU backend, and what DeepSeek-V4 adds, against the reference.

#include <cmath>
#include <functional>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/cuda/on_device.h"
#include "tests/support/scattered_sequences.h"

namespace fathom::engine::test {
namespace {

// One token; both sides of a tile of 64 keys; several sequences; more rows than are split.
const std::vector<std::vector<Sequences::Length>> kSequences = {
    {{0, 1}}, {{62, 1}, {63, 1}, {64, 1}}, {{5, 1}, {0, 3}, {200, 1}}, {{40, 25}}};

/// f32 sums and an exp of a few units in the last place.
constexpr Tolerance kAttention = {.relative = 1e-5, .absolute = 2e-5};

class Attention : public OnDevice {
 protected:
  /// A cache of random rows, kept as `dtype`.
  struct Cache {
    Cache(Backend& backend, DType dtype, int n_rows, int cols)
        : memory(backend.allocate(n_rows * *engine::row_bytes(dtype, cols)).value()),
          rows(memory->data(), dtype, n_rows, cols) {
      const DeviceTensor x(backend, n_rows, cols, random_numbers(size_t(n_rows) * cols, 1));
      std::vector<SlotId> slots(n_rows);
      std::iota(slots.begin(), slots.end(), 0);
      backend.write_cache(rows, slots, x, 0);
      EXPECT_TRUE(backend.sync());
    }
    std::unique_ptr<Buffer> memory;
    CacheRows rows;
  };
};

TEST_F(Attention, OfGroupedQueriesMatchesTheReference) {
  struct Shape {
    int n_heads, n_kv_heads, dim;
  };
  for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0}) {
    for (const Shape& s : {Shape{4, 4, 64}, {6, 2, 32}, {9, 1, 17}, {1, 1, 128}}) {
      if (s.dim % info(dtype).block_elements != 0) continue;
      for (const auto& lengths : kSequences) {
        const Sequences sequences(lengths);
        const int dim = s.n_heads * s.dim;
        const auto q = random_numbers(size_t(sequences.n_rows) * dim, 2);
        const Results results = on_both([&](Backend& backend) {
          const Cache cache(backend, dtype, sequences.n_slots, 2 * s.n_kv_heads * s.dim);
          const DeviceTensor in(backend, sequences.n_rows, dim, q);
          const DeviceTensor out(backend, sequences.n_rows, dim);
          backend.attention(out.view().heads(s.n_heads), in.view().heads(s.n_heads), cache.rows,
                            sequences.rows, s.n_kv_heads,
                            2.0f / std::sqrt(static_cast<float>(s.dim)));
          EXPECT_TRUE(out.gaps_are_untouched());
          return out.numbers();
        });
        expect_close(results.device, results.reference, dim, kAttention,
                     fmt::format("{} heads of {}, {} rows", s.n_heads, s.dim, sequences.n_rows));
      }
    }
  }
}

TEST_F(Attention, OfLatentsMatchesTheReference) {
  struct Shape {
    int n_heads, latent, rope;
  };
  for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0}) {
    for (const Shape& s : {Shape{4, 128, 32}, {3, 40, 6}, {16, 512, 64}}) {
      if (s.latent % info(dtype).block_elements != 0 || s.rope % info(dtype).block_elements != 0)
        continue;
      for (const auto& lengths : kSequences) {
        const Sequences sequences(lengths);
        const int n = sequences.n_rows, dim = s.n_heads * s.latent;
        const auto q = random_numbers(size_t(n) * dim, 2);
        const auto pe = random_numbers(size_t(n) * s.n_heads * (s.rope + 10), 3);
        const Results results = on_both([&](Backend& backend) {
          const Cache cache(backend, dtype, sequences.n_slots, s.latent + s.rope);
          const DeviceTensor latent(backend, n, dim, q), out(backend, n, dim);
          const DeviceTensor rope(backend, n, s.n_heads * (s.rope + 10), pe);
          backend.latent_attention(out.view().heads(s.n_heads), latent.view().heads(s.n_heads),
                                   rope.view().heads(s.n_heads, 10, s.rope), cache.rows,
                                   sequences.rows, 2.0f / std::sqrt(static_cast<float>(s.latent)));
          EXPECT_TRUE(out.gaps_are_untouched());
          return out.numbers();
        });
        expect_close(results.device, results.reference, dim, kAttention,
                     fmt::format("{} heads of {}, {} rows", s.n_heads, s.latent, n));
      }
    }
  }
}

/// Computes rows together, and then a few at a time; `attend` is told which.
class Company {
 public:
  using Attend = std::function<void(Tensor out, std::span<const SequenceRows> rows)>;

  Company(Backend& backend, const Sequences& all, int cols)
      : backend_(backend), all_(all), cols_(cols) {}

  std::vector<float> together(const Attend& attend) const {
    const DeviceTensor out(backend_, all_.n_rows, cols_);
    attend(out, all_.rows);
    EXPECT_TRUE(out.gaps_are_untouched());
    return out.numbers();
  }

  void expect_same_bits_apart(const Attend& attend, const std::string& what) const {
    const DeviceTensor apart(backend_, all_.n_rows, cols_);
    constexpr int kChunks[] = {1, 5, 1, 20, 2, 16, 33};
    int n_chunks = 0;
    for (const SequenceRows& text : all_.rows) {
      for (int done = 0; done < text.n_rows;) {
        const int n = std::min(kChunks[n_chunks++ % std::size(kChunks)], text.n_rows - done);
        const size_t n_before = text.slots.size() - text.n_rows;
        const SequenceRows chunk = {.first_row = text.first_row + done,
                                    .n_rows = n,
                                    .slots = text.slots.first(n_before + done + n)};
        attend(apart, {&chunk, 1});
        done += n;
      }
    }
    expect_same_bits(apart.numbers(), together(attend), cols_, what);
  }

 private:
  Backend& backend_;
  const Sequences& all_;
  const int cols_;
};

/// As many heads and rows as make blocks of 16 and of 64 queries, with keys divided among them and
/// not; texts that begin and end within tiles of queries and of keys.
TEST_F(Attention, OfGroupedQueriesGivesARowTheSameBitsInAnyCompany) {
  struct Case {
    int n_heads, n_kv_heads;
    std::vector<Sequences::Length> lengths;
  };
  const std::vector<Case> cases = {
      {24, 24, {{10, 200}}},                                 // 96 blocks of 64 rows
      {24, 24, {{150, 1}, {64, 1}, {100, 1}, {63, 1}}},      // 96 blocks of a row
      {7, 1, {{120, 3}, {0, 30}, {60, 8}, {3, 1}, {0, 1}}},  // runs that end within a block
      {70, 1, {{70, 2}, {126, 3}}}};                         // more heads than a block has queries
  constexpr int kDim = 32;
  for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0}) {
    for (const Case& c : cases) {
      if (c.n_kv_heads > 1 && dtype != DType::bf16) continue;  // they take longest
      const Sequences all(c.lengths);
      const int cols = c.n_heads * kDim;
      const auto q = random_numbers(size_t(all.n_rows) * cols, 2);
      const auto what = fmt::format("{} heads, {} rows", c.n_heads, all.n_rows);
      const Results results = on_both([&](Backend& backend) {
        const Cache cache(backend, dtype, all.n_slots, 2 * c.n_kv_heads * kDim);
        const DeviceTensor in(backend, all.n_rows, cols, q);
        const auto attend = [&](Tensor out, std::span<const SequenceRows> rows) {
          backend.attention(out.heads(c.n_heads), in.view().heads(c.n_heads), cache.rows, rows,
                            c.n_kv_heads, 0.3f);
          EXPECT_TRUE(backend.sync());
        };
        const Company company(backend, all, cols);
        if (&backend == &device()) company.expect_same_bits_apart(attend, what);
        return company.together(attend);
      });
      expect_close(results.device, results.reference, cols, kAttention, what);
    }
  }
}

TEST_F(Attention, OfLatentsGivesARowTheSameBitsInAnyCompany) {
  constexpr int kHeads = 4, kLatent = 160, kRope = 32;
  const Sequences all({{100, 40}, {0, 9}, {63, 1}, {200, 20}});
  const auto q = random_numbers(size_t(all.n_rows) * kHeads * kLatent, 2);
  const auto pe = random_numbers(size_t(all.n_rows) * kHeads * kRope, 3);
  for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0}) {
    const Cache cache(device(), dtype, all.n_slots, kLatent + kRope);
    const DeviceTensor latent(device(), all.n_rows, kHeads * kLatent, q);
    const DeviceTensor rope(device(), all.n_rows, kHeads * kRope, pe);
    const auto attend = [&](Tensor out, std::span<const SequenceRows> rows) {
      device().latent_attention(out.heads(kHeads), latent.view().heads(kHeads),
                                rope.view().heads(kHeads), cache.rows, rows, 0.2f);
      EXPECT_TRUE(device().sync());
    };
    Company(device(), all, kHeads * kLatent).expect_same_bits_apart(attend, "latents");
  }
}

TEST_F(Attention, ToAWindowAndGroupsGivesARowTheSameBitsInAnyCompany) {
  constexpr int kHeads = 3, kDim = 24, kGroup = 2, kLimit = 70;
  const Sequences all({{130, 30}, {0, 9}, {190, 12}, {22, 1}});
  const auto q = random_numbers(size_t(all.n_rows) * kHeads * kDim, 2);
  const auto weights = random_numbers(size_t(all.n_rows) * kHeads, 3);
  const Cache cache(device(), DType::f32, all.n_slots, 2 * kDim);
  const auto sinks = upload(device(), random_weight(DType::f32, 1, 1, kHeads, 6));
  const auto memory = device().allocate(size_t(all.n_rows) * kLimit * 4).value();
  const ChosenGroups chosen = {static_cast<int32_t*>(memory->data()), kLimit};
  const DeviceTensor in(device(), all.n_rows, kHeads * kDim, q);
  const DeviceTensor head_weights(device(), all.n_rows, kHeads, weights);
  const GroupKeys keys = {.size = kGroup, .column = kDim};
  device().choose_groups(chosen, in.view().heads(kHeads), head_weights, cache.rows.floats(),
                         all.rows, keys);
  EXPECT_TRUE(device().sync());
  for (const int window : {1, 65}) {
    for (const bool chooses : {false, true}) {
      const auto attend = [&](Tensor out, std::span<const SequenceRows> rows) {
        device().shared_kv_attention(out.heads(kHeads), in.view().heads(kHeads),
                                     cache.rows.floats(), rows,
                                     {.window = window,
                                      .scale = 0.3f,
                                      .sinks = sinks.get(),
                                      .pooled = keys,
                                      .chosen = chooses ? chosen : ChosenGroups{}});
        EXPECT_TRUE(device().sync());
      };
      Company(device(), all, kHeads * kDim)
          .expect_same_bits_apart(attend, fmt::format("a window of {}", window));
    }
  }
}

/// Groups of tokens that rows choose by scores of their keys, and attention to these alone.
TEST_F(Attention, ToChosenPositionsMatchesTheReference) {
  constexpr int kHeads = 3, kLatent = 32, kRope = 8, kIndexDim = 16, kIndexHeads = 5;
  for (const int limit : {4, 40, 300}) {
    const Sequences sequences({{150, 2}, {10, 3}, {0, 1}, {290, 1}});
    const int n = sequences.n_rows;
    const auto index_q = random_numbers(size_t(n) * kIndexHeads * kIndexDim, 2);
    const auto weights = random_numbers(size_t(n) * kIndexHeads, 3);
    const auto q = random_numbers(size_t(n) * kHeads * kLatent, 4);
    const auto pe = random_numbers(size_t(n) * kHeads * kRope, 5);
    std::vector<std::vector<int32_t>> choices;
    const Results results = on_both([&](Backend& backend) {
      const Cache cache(backend, DType::f32, sequences.n_slots, kLatent + kRope + kIndexDim);
      const auto memory = backend.allocate(size_t(n) * limit * 4).value();
      const ChosenGroups chosen = {static_cast<int32_t*>(memory->data()), limit};
      const DeviceTensor index(backend, n, kIndexHeads * kIndexDim, index_q);
      const DeviceTensor head_weights(backend, n, kIndexHeads, weights);
      backend.choose_groups(chosen, index.view().heads(kIndexHeads), head_weights,
                            cache.rows.floats(), sequences.rows,
                            {.size = 1, .column = kLatent + kRope});
      choices.push_back(download_ints(backend, chosen.groups, n, limit));
      const DeviceTensor latent(backend, n, kHeads * kLatent, q);
      const DeviceTensor rope(backend, n, kHeads * kRope, pe);
      const DeviceTensor out(backend, n, kHeads * kLatent);
      backend.chosen_latent_attention(
          out.view().heads(kHeads), latent.view().heads(kHeads), rope.view().heads(kHeads),
          cache.rows.columns(0, kLatent + kRope), sequences.rows, chosen, 0.3f);
      return out.numbers();
    });
    EXPECT_EQ(choices[0], choices[1]) << limit;
    expect_close(results.device, results.reference, kHeads * kLatent, kAttention,
                 fmt::format("{} chosen", limit));
  }
}

TEST_F(Attention, ToAWindowAndPooledGroupsMatchesTheReference) {
  constexpr int kHeads = 3, kDim = 24, kGroup = 4, kLimit = 6;
  const Sequences sequences({{130, 2}, {10, 3}, {0, 2}, {22, 20}});
  const int n = sequences.n_rows;
  const auto q = random_numbers(size_t(n) * kHeads * kDim, 2);
  const auto weights = random_numbers(size_t(n) * kHeads, 3);
  for (const int window : {20, 64}) {
    for (const bool has_groups : {false, true}) {
      for (const bool chooses : {false, true}) {
        const Results results = on_both([&](Backend& backend) {
          const Cache cache(backend, DType::f32, sequences.n_slots, 2 * kDim);
          const auto sinks = upload(backend, random_weight(DType::f32, 1, 1, kHeads, 6));
          const auto memory = backend.allocate(size_t(n) * kLimit * 4).value();
          const ChosenGroups chosen = {static_cast<int32_t*>(memory->data()), kLimit};
          const DeviceTensor in(backend, n, kHeads * kDim, q), out(backend, n, kHeads * kDim);
          const DeviceTensor head_weights(backend, n, kHeads, weights);
          const GroupKeys keys = {.size = kGroup, .column = kDim};
          backend.choose_groups(chosen, in.view().heads(kHeads), head_weights, cache.rows.floats(),
                                sequences.rows, keys);
          backend.shared_kv_attention(out.view().heads(kHeads), in.view().heads(kHeads),
                                      cache.rows.floats(), sequences.rows,
                                      {.window = window,
                                       .scale = 0.3f,
                                       .sinks = sinks.get(),
                                       .pooled = has_groups ? keys : GroupKeys{},
                                       .chosen = chooses ? chosen : ChosenGroups{}});
          return out.numbers();
        });
        expect_close(results.device, results.reference, kHeads * kDim, kAttention, "shared kv");
      }
    }
  }
}

TEST_F(Attention, PoolsGroupsAsTheReference) {
  constexpr int kDim = 40, kSize = 4;
  const Sequences sequences({{130, 6}, {0, 9}});
  for (const bool overlaps : {false, true}) {
    const int width = overlaps ? 2 * kDim : kDim;
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Results results = on_both([&](Backend& backend) {
        const Cache cache(backend, DType::f32, sequences.n_slots, 8 + 2 * width);
        const auto bias = upload(backend, random_weight(dtype, 1, kSize, width, 6));
        const DeviceTensor out(backend, sequences.n_rows, kDim);
        backend.pool_groups(out, cache.rows.floats(), sequences.rows,
                            {.size = kSize,
                             .column = 8,
                             .dim = kDim,
                             .overlaps = overlaps,
                             .position_bias = bias.get()});
        return out.numbers();
      });
      expect_close(results.device, results.reference, kDim, kAttention, "pool_groups");
    }
  }
}

TEST_F(Attention, HyperConnectionsMatchTheReference) {
  constexpr int kStreams = 4, kDim = 300, kRows = 3;
  const int n_weights = 2 * kStreams + kStreams * kStreams;
  const auto mixes = random_numbers(size_t(kRows) * n_weights, 1);
  const auto numbers = random_numbers(size_t(kRows) * kStreams * kDim, 2);
  for (const bool only_reads : {false, true}) {
    const int width = only_reads ? kStreams : n_weights;
    const Results results = on_both([&](Backend& backend) {
      const auto scale = upload(backend, random_weight(DType::f32, 1, 1, only_reads ? 1 : 3, 3));
      const auto base = upload(backend, random_weight(DType::f32, 1, 1, width, 4));
      const DeviceTensor all(backend, kRows, n_weights, mixes);
      const Tensor m = all.view().columns(0, width);
      const DeviceTensor streams(backend, kRows, kStreams * kDim, numbers);
      const DeviceTensor x(backend, kRows, kDim);
      backend.hyper_weights(m, {.n_streams = kStreams,
                                .n_iterations = 20,
                                .eps = 1e-6f,
                                .scale = scale.get(),
                                .base = base.get()});
      backend.read_streams(x, streams, m);
      if (!only_reads) backend.write_streams(streams, x, m);
      std::vector<float> out = streams.numbers();
      const std::vector<float> read = x.numbers();
      out.insert(out.end(), read.begin(), read.end());
      return out;
    });
    expect_close(results.device, results.reference, kDim, kAttention, "hyper-connections");
  }
}

}  // namespace
}  // namespace fathom::engine::test

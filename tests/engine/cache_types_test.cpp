// What the KV cache is kept as: attention over a cache of any type has the bits of attention over
// an f32 cache of the same numbers, on the reference and on every variant of the CPU.

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "engine/cache_rows.h"
#include "engine/kv_memory.h"
#include "engine/quant/dequantize.h"
#include "engine/quant/quantize.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::q8_0};

/// Rows of a type with a gap between them, and the same numbers as f32.
class TypedCache final {
 public:
  TypedCache(DType dtype, int rows, int cols)
      : widened_(OwnedTensor::random(rows, cols, 1)), typed_(nullptr, dtype, rows, cols) {
    typed_.stride += kGap;
    bytes_.resize(rows * typed_.stride, kUntouched);
    typed_.data = bytes_.data();
    for (int row = 0; row < rows; ++row) {
      const std::span<float> numbers(widened_.view().row(row), static_cast<size_t>(cols));
      const std::span<std::byte> bytes(typed_.at(row, 0), typed_.bytes_of(cols));
      quantize(dtype, numbers, bytes);
      dequantize(dtype, bytes, numbers);
    }
  }
  CacheRows typed() const { return typed_; }
  CacheRows widened() { return widened_; }

 private:
  static constexpr int kGap = 6;  // rows that begin at no multiple of anything but 2
  static constexpr std::byte kUntouched{0xff};
  OwnedTensor widened_;
  CacheRows typed_;
  std::vector<std::byte> bytes_;
};

std::vector<std::unique_ptr<Backend>> all_backends() {
  std::vector<std::unique_ptr<Backend>> backends;
  for (const std::string& variant : cpu_variants_here())
    backends.push_back(cpu_backend(variant, /*n_threads=*/2));
  backends.push_back(std::make_unique<ReferenceBackend>(2));
  return backends;
}

/// Slots of one sequence, scattered.
std::vector<SlotId> scattered(int n) {
  std::vector<SlotId> slots(n);
  for (int i = 0; i < n; ++i) slots[i] = static_cast<SlotId>(int64_t{i} * 7 % n);
  return slots;
}

// Positions before the rows, and rows: decode, a draft, prefill; not whole chunks of 128.
struct Length {
  int n_before, n_rows;
};
constexpr Length kLengths[] = {{0, 1}, {299, 1}, {140, 5}, {20, 60}};

TEST(CacheTypes, AttentionReadsWhatWasKept) {
  struct Shape {
    int n_heads, n_kv_heads, dim;
  };
  for (const Shape& s : {Shape{4, 4, 64}, {6, 2, 32}, {3, 1, 40}, {2, 2, 128}}) {
    for (const DType dtype : kTypes) {
      if (dtype == DType::q8_0 && s.dim % 32 != 0) continue;  // not whole blocks: never asked for
      for (const Length& length : kLengths) {
        const std::vector<SlotId> slots = scattered(length.n_before + length.n_rows + 1);
        const SequenceRows sequence = {0, length.n_rows, std::span(slots).subspan(1)};
        TypedCache cache(dtype, static_cast<int>(slots.size()), 2 * s.n_kv_heads * s.dim);
        OwnedTensor q = OwnedTensor::random(length.n_rows, s.n_heads * s.dim, 2);
        for (const auto& backend : all_backends()) {
          const auto attend = [&](const CacheRows& rows) {
            OwnedTensor out(length.n_rows, s.n_heads * s.dim);
            backend->attention(out.view().heads(s.n_heads), q.view().heads(s.n_heads), rows,
                               {&sequence, 1}, s.n_kv_heads, 0.3f);
            return out.numbers();
          };
          expect_same_bits(attend(cache.typed()), attend(cache.widened()), s.n_heads * s.dim,
                           fmt::format("{} {} {} heads of {}, {} rows", backend->description(),
                                       info(dtype).name, s.n_heads, s.dim, length.n_rows));
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

TEST(CacheTypes, LatentAttentionReadsWhatWasKept) {
  struct Shape {
    int n_heads, latent, rope;
  };
  for (const Shape& s : {Shape{4, 128, 32}, {3, 40, 6}, {16, 512, 64}}) {
    for (const DType dtype : kTypes) {
      if (dtype == DType::q8_0 && (s.latent % 32 != 0 || s.rope % 32 != 0)) continue;
      for (const Length& length : kLengths) {
        const std::vector<SlotId> slots = scattered(length.n_before + length.n_rows + 1);
        const SequenceRows sequence = {0, length.n_rows, std::span(slots).subspan(1)};
        TypedCache cache(dtype, static_cast<int>(slots.size()), s.latent + s.rope);
        OwnedTensor latent = OwnedTensor::random(length.n_rows, s.n_heads * s.latent, 2);
        OwnedTensor rope = OwnedTensor::random(length.n_rows, s.n_heads * s.rope, 3);
        for (const auto& backend : all_backends()) {
          const auto attend = [&](const CacheRows& rows) {
            OwnedTensor out(length.n_rows, s.n_heads * s.latent);
            backend->latent_attention(out.view().heads(s.n_heads), latent.view().heads(s.n_heads),
                                      rope.view().heads(s.n_heads), rows, {&sequence, 1}, 0.3f);
            return out.numbers();
          };
          expect_same_bits(attend(cache.typed()), attend(cache.widened()), s.n_heads * s.latent,
                           fmt::format("{} {} {} heads of {}, {} rows", backend->description(),
                                       info(dtype).name, s.n_heads, s.latent, length.n_rows));
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

TEST(CacheTypes, WritingRoundsToTheTypeAndLeavesOtherColumnsAlone) {
  constexpr int kCols = 128;
  constexpr int kColumn = 32;
  constexpr int kWritten = 64;
  const std::vector<SlotId> slots = {3, 0};
  OwnedTensor x = OwnedTensor::random(2, kWritten, 9);
  for (const DType dtype : kTypes) {
    for (const auto& backend : all_backends()) {
      TypedCache cache(dtype, 4, kCols);
      std::vector<std::vector<std::byte>> expected(4);
      for (int row = 0; row < 4; ++row)
        expected[row].assign(cache.typed().at(row, 0), cache.typed().at(row + 1, 0));
      for (int i = 0; i < 2; ++i) {
        const CacheRows part = cache.typed().columns(kColumn, kWritten);
        quantize(dtype, {x.view().row(i), kWritten},
                 std::span(expected[slots[i]])
                     .subspan(cache.typed().bytes_of(kColumn), part.bytes_of(kWritten)));
      }
      backend->write_cache(cache.typed(), slots, x, kColumn);
      for (int row = 0; row < 4; ++row)
        EXPECT_TRUE(
            std::equal(expected[row].begin(), expected[row].end(), cache.typed().at(row, 0)))
            << info(dtype).name << ", row " << row << ", " << backend->description();
    }
  }
}

}  // namespace
}  // namespace fathom::engine::test

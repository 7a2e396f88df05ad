#include "tests/cuda_emulation/ptx.h"

#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "engine/quant/half.h"
#include "tests/cuda_emulation/access_checks.h"
#include "tests/cuda_emulation/block_state.h"
#include "tests/cuda_emulation/cuda_runtime.h"

namespace fathom::cuda {
namespace {

float half_of(uint32_t pair, int index) {
  return engine::bf16_to_f32(static_cast<uint16_t>(pair >> 16 * index));
}

struct MmaPayload {
  uint32_t a[4];
  uint32_t b[2];
  float c[4];
};

/// For all lanes at once: the matrices are put together from their fragments.
void multiply_fragments(std::byte* payloads) {
  const auto of_lane = [payloads](int lane) {
    return reinterpret_cast<MmaPayload*>(payloads + lane * emulation::kMaxPayload);
  };
  double a[16][16], b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < 8; ++i)
      a[g + 8 * (i / 2 % 2)][2 * t + 8 * (i / 4) + i % 2] = half_of(of_lane(lane)->a[i / 2], i % 2);
    for (int i = 0; i < 4; ++i)
      b[2 * t + 8 * (i / 2) + i % 2][g] = half_of(of_lane(lane)->b[i / 2], i % 2);
  }
  for (int row = 0; row < 16; ++row) {
    double sums[8];
    const auto c = [&](int column) -> float& {
      return of_lane(row % 8 * 4 + column / 2)->c[row / 8 * 2 + column % 2];
    };
    for (int column = 0; column < 8; ++column) sums[column] = c(column);
    for (int k = 0; k < 16; ++k)
      for (int column = 0; column < 8; ++column) sums[column] += a[row][k] * b[k][column];
    for (int column = 0; column < 8; ++column) c(column) = static_cast<float>(sums[column]);
  }
}

}  // namespace

void mma_bf16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  const MmaPayload mine = {{a[0], a[1], a[2], a[3]}, {b0, b1}, {c[0], c[1], c[2], c[3]}};
  const std::byte* all =
      emulation::exchange({"mma_bf16()", 0}, &mine, sizeof(mine), multiply_fragments);
  std::memcpy(c, all + emulation::lane() * emulation::kMaxPayload + offsetof(MmaPayload, c),
              sizeof(c));
}

namespace {

constexpr size_t kRowBytes = 16;

/// Each lane reads its row; returns those of all, kMaxPayload apart.
const std::byte* exchange_rows(const char* what, const void* row, const void* code) {
  if (reinterpret_cast<uintptr_t>(row) % kRowBytes != 0)
    emulation::fail_kernel(std::string(what) + " of an address that is no multiple of 16");
  emulation::check_access(row, kRowBytes, emulation::Access::read, code);
  return emulation::exchange({what, 0}, row, kRowBytes);
}

uint32_t number_of(const std::byte* rows, int matrix, int row, int column) {
  uint16_t number;
  std::memcpy(&number, rows + (8 * matrix + row) * emulation::kMaxPayload + 2 * column, 2);
  return number;
}

}  // namespace

void load_matrices(uint32_t (&m)[4], const void* row) {
  const std::byte* rows = exchange_rows("load_matrices()", row, __builtin_return_address(0));
  const int g = emulation::lane() / 4, t = emulation::lane() % 4;
  for (int i = 0; i < 4; ++i)
    m[i] = number_of(rows, i, g, 2 * t) | number_of(rows, i, g, 2 * t + 1) << 16;
}

void load_transposed(uint32_t (&m)[4], const void* row) {
  const std::byte* rows = exchange_rows("load_transposed()", row, __builtin_return_address(0));
  const int g = emulation::lane() / 4, t = emulation::lane() % 4;
  for (int i = 0; i < 4; ++i)
    m[i] = number_of(rows, i, 2 * t, g) | number_of(rows, i, 2 * t + 1, g) << 16;
}

uint32_t fma_bf16x2(uint32_t a, uint32_t b, uint32_t c) {
  const auto one = [&](int i) {
    const double sum = double{half_of(a, i)} * half_of(b, i) + half_of(c, i);
    return uint32_t{engine::f32_to_bf16(static_cast<float>(sum))};
  };
  return one(0) | one(1) << 16;
}

uint32_t to_bf16x2(float low, float high) {
  return engine::f32_to_bf16(low) | uint32_t{engine::f32_to_bf16(high)} << 16;
}

float f16_to_f32(uint16_t bits) { return engine::f16_to_f32(bits); }
uint16_t f32_to_f16(float value) { return engine::f32_to_f16(value); }

namespace {

/// Into the first payload, which all lanes read then: they compute the same.
template <float (*kCombine)(float, float)>
float reduce(const char* what, float value) {
  const std::byte* all =
      emulation::exchange({what, 0}, &value, sizeof(value), [](std::byte* payloads) {
        std::array<float, 32> values;
        for (int i = 0; i < 32; ++i)
          std::memcpy(&values[i], payloads + i * emulation::kMaxPayload, sizeof(float));
        for (int lanes = 16; lanes > 0; lanes /= 2)
          for (int i = 0; i < lanes; ++i) values[i] = kCombine(values[i], values[i + lanes]);
        std::memcpy(payloads, values.data(), sizeof(float));
      });
  std::memcpy(&value, all, sizeof(value));
  return value;
}

float sum_of(float a, float b) { return a + b; }
float larger_of(float a, float b) { return std::fmax(a, b); }

}  // namespace

float warp_sum(float value) { return reduce<sum_of>("warp_sum()", value); }
float warp_max(float value) { return reduce<larger_of>("warp_max()", value); }

// Copies under way, by thread of the block.

namespace {

struct Copy {
  void* to;
  const void* from;
  bool valid;
};

struct Groups {
  uint32_t launch = 0;  // with `block`, whose they are
  uint64_t block = 0;
  std::vector<Copy> open;
  std::deque<std::vector<Copy>> committed;
};

Groups& groups_of_this_thread() {
  static std::array<Groups, 1024> all;
  const emulation::ThreadPlace& at = emulation::place();
  const size_t thread =
      at.thread_idx.x + at.block_dim.x * (at.thread_idx.y + at.block_dim.y * at.thread_idx.z);
  const emulation::BlockState& now = emulation::block_state();
  Groups& groups = all[thread];
  if (groups.launch != now.launch || groups.block != now.block)
    groups = {.launch = now.launch, .block = now.block, .open = {}, .committed = {}};
  return groups;
}

}  // namespace

void copy_async_16(void* shared, const void* global, bool valid) {
  groups_of_this_thread().open.push_back({shared, global, valid});
}

void commit_copies() {
  Groups& groups = groups_of_this_thread();
  groups.committed.push_back(std::exchange(groups.open, {}));
}

void emulation::wait_for_copies(int n_groups) {
  Groups& groups = groups_of_this_thread();
  while (static_cast<int>(groups.committed.size()) > n_groups) {
    for (const Copy& copy : groups.committed.front()) {
      check_access(copy.to, 16, Access::write, __builtin_return_address(0));
      if (copy.valid) check_access(copy.from, 16, Access::read, __builtin_return_address(0));
      if (copy.valid)
        std::memcpy(copy.to, copy.from, 16);
      else
        std::memset(copy.to, 0, 16);
    }
    groups.committed.pop_front();
  }
}

}  // namespace fathom::cuda

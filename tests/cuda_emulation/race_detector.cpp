#include "tests/cuda_emulation/race_detector.h"

#include <array>
#include <memory>
#include <unordered_map>

#include "tests/cuda_emulation/block_state.h"

namespace fathom::cuda::emulation {
namespace {

constexpr int kGranuleShift = 1;
constexpr int kPageShift = 12;
constexpr size_t kPageGranules = size_t{1} << (kPageShift - kGranuleShift);

/// Who did something last. `many`: several warps or blocks did since the launch or barrier began.
struct Who {
  uint32_t launch = 0;
  uint32_t epoch = 0;
  uint32_t block = 0;
  int16_t warp = 0;
  bool many_blocks = false;
  bool many_warps = false;

  void note(const BlockState& now) {
    const auto block_now = static_cast<uint32_t>(now.block);
    const bool same_launch = launch == now.launch;
    many_blocks = same_launch && (many_blocks || block != block_now);
    many_warps =
        same_launch && block == block_now && epoch == now.epoch && (many_warps || warp != now.warp);
    launch = now.launch;
    epoch = now.epoch;
    block = block_now;
    warp = static_cast<int16_t>(now.warp);
  }
  /// Blocks have shared memory of their own, one after another at the same address.
  bool unordered_with(const BlockState& now, bool is_shared) const {
    if (launch != now.launch) return false;
    if (!is_shared && (many_blocks || block != static_cast<uint32_t>(now.block))) return true;
    return epoch == now.epoch && (many_warps || warp != now.warp);
  }
};

struct Granule {
  Who reader, writer, updater;  // updater: atomics, which are ordered among themselves
};

using Page = std::array<Granule, kPageGranules>;

struct Pages {
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> all;
  uintptr_t last_number = 0;
  Page* last = nullptr;

  Page& at(uintptr_t number) {
    if (last != nullptr && last_number == number) return *last;
    std::unique_ptr<Page>& page = all[number];
    if (!page) page = std::make_unique<Page>();
    last_number = number;
    last = page.get();
    return *last;
  }
};

Pages& pages() {
  static Pages all;
  return all;
}

bool note(Granule& granule, Access access, const BlockState& now, bool is_shared) {
  const bool reads = access == Access::read;
  const bool races = granule.writer.unordered_with(now, is_shared) ||
                     (access != Access::atomic && granule.updater.unordered_with(now, is_shared)) ||
                     (!reads && granule.reader.unordered_with(now, is_shared));
  (reads ? granule.reader : access == Access::atomic ? granule.updater : granule.writer).note(now);
  return races;
}

}  // namespace

bool note_access(uintptr_t address, size_t size, Access access) {
  const BlockState& now = block_state();
  const auto shared = reinterpret_cast<uintptr_t>(now.shared.data());
  const bool is_shared = address - shared < now.shared.size();
  bool races = false;
  const uintptr_t last = (address + size - 1) >> kGranuleShift;
  for (uintptr_t granule = address >> kGranuleShift; granule <= last; ++granule) {
    Page& page = pages().at(granule / kPageGranules);
    races |= note(page[granule % kPageGranules], access, now, is_shared);
  }
  return races;
}

}  // namespace fathom::cuda::emulation

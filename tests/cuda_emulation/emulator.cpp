#include "tests/cuda_emulation/emulator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <boost/context/detail/fcontext.hpp>
#include <fmt/format.h>

#include "tests/cuda_emulation/block_state.h"

namespace fathom::cuda::emulation {
namespace {

namespace context = boost::context::detail;

constexpr int kWarp = 32;
constexpr size_t kStackBytes = size_t{64} << 10;
// Stacks are no power of two apart: what the fibers of a warp use of them would meet in a few sets
// of the processor's cache.
constexpr size_t kStackStride = kStackBytes + 7 * 64;
constexpr int kMaxThreads = 1024;  // of a block

enum class Waits { nothing, barrier, exchange, ended };

struct Fiber {
  context::fcontext_t resume = nullptr;
  std::byte* stack = nullptr;  // [kStackBytes]
  Waits waits = Waits::nothing;
  ThreadPlace place;
  Site site;            // where it waits
  int n_exchanges = 0;  // which of the warp's two rounds it is in
};

/// One exchange of a warp. Two rounds take turns: a lane is at most one ahead of the others.
struct Round {
  uint32_t arrived = 0;
  Site site;
  alignas(16) std::array<std::byte, kWarp * kMaxPayload> payloads;
};

struct Warp {
  std::array<Round, 2> rounds;
};

class BlockRun;
BlockRun* running = nullptr;

/// Of thread `i` of a block; the same for all grids.
std::byte* stack_of(int i) {
  static const std::unique_ptr<std::byte[]> all(new std::byte[kMaxThreads * kStackStride]);
  return all.get() + i * kStackStride;
}

ThreadPlace& running_place() {
  static constinit ThreadPlace place;
  return place;
}

class BlockRun final {
 public:
  BlockRun(const Grid& grid, const Call& call)
      : grid_(grid),
        call_(call),
        n_threads_(static_cast<int>(grid.threads.x * grid.threads.y * grid.threads.z)) {
    fibers_.resize(n_threads_);
    warps_.resize(n_threads_ / kWarp);
    shared_.resize(grid.shared_bytes);
  }

  /// False: failed, see error().
  bool run(dim3 block, std::mt19937& random);
  const std::string& error() const { return error_; }

  // Called by fibers.
  void barrier(Site site) { wait(Waits::barrier, site); }
  const std::byte* exchange(Site site, const void* payload, size_t size,
                            void (*combine)(std::byte*));
  std::byte* shared() { return shared_.data(); }
  [[noreturn]] void fail_from_fiber(const std::string& what);

 private:
  static void enter(context::transfer_t from);
  void prepare(dim3 block);
  bool resume(int thread);
  bool is_ready(int thread) const;
  /// Lets the threads of a barrier go on if all have come. False: they have not, or never will.
  bool release_barrier();
  void wait(Waits waits, Site site);
  void leave();
  std::string describe_waiting() const;

  const Grid& grid_;
  const Call& call_;
  const int n_threads_;
  std::vector<Fiber> fibers_;
  std::vector<Warp> warps_;
  std::vector<std::byte> shared_;
  context::fcontext_t scheduler_ = nullptr;
  int current_ = 0;
  std::string error_;
};

void BlockRun::enter(context::transfer_t from) {
  BlockRun& run = *static_cast<BlockRun*>(from.data);
  run.scheduler_ = from.fctx;
  in_kernel = true;
  run.call_.thread(run.call_.arguments);
  run.fibers_[run.current_].waits = Waits::ended;
  run.leave();
}

void BlockRun::prepare(dim3 block) {
  const dim3 size = grid_.threads;
  for (int i = 0; i < n_threads_; ++i) {
    Fiber& fiber = fibers_[i];
    const auto index = static_cast<unsigned>(i);
    fiber.stack = stack_of(i);
    fiber.resume = context::make_fcontext(fiber.stack + kStackBytes, kStackBytes, enter);
    fiber.waits = Waits::nothing;
    fiber.n_exchanges = 0;
    fiber.place = {
        .thread_idx = dim3(index % size.x, index / size.x % size.y, index / (size.x * size.y)),
        .block_idx = block,
        .block_dim = size,
        .grid_dim = grid_.blocks};
  }
  for (Warp& warp : warps_)
    for (Round& round : warp.rounds) round.arrived = 0;
  // Shared memory begins as anything: NaN shows soonest.
  std::memset(shared_.data(), 0xff, shared_.size());
}

bool BlockRun::is_ready(int thread) const {
  const Fiber& fiber = fibers_[thread];
  if (fiber.waits == Waits::nothing) return true;
  return fiber.waits == Waits::exchange &&
         warps_[thread / kWarp].rounds[fiber.n_exchanges % 2].arrived == ~0u;
}

bool BlockRun::resume(int thread) {
  current_ = thread;
  running_place() = fibers_[thread].place;
  BlockState& state = block_state();
  state.warp = thread / kWarp;
  state.stack = {fibers_[thread].stack, kStackBytes};
  fibers_[thread].waits = Waits::nothing;
  const context::transfer_t back = context::jump_fcontext(fibers_[thread].resume, this);
  in_kernel = false;
  fibers_[thread].resume = back.fctx;
  return error_.empty();
}

void BlockRun::leave() {
  in_kernel = false;
  scheduler_ = context::jump_fcontext(scheduler_, this).fctx;
  in_kernel = true;
}

void BlockRun::wait(Waits waits, Site site) {
  Fiber& fiber = fibers_[current_];
  fiber.waits = waits;
  fiber.site = site;
  leave();
}

const std::byte* BlockRun::exchange(Site site, const void* payload, size_t size,
                                    void (*combine)(std::byte*)) {
  const int lane = current_ % kWarp;
  Fiber& fiber = fibers_[current_];
  Warp& warp = warps_[current_ / kWarp];
  Round& round = warp.rounds[++fiber.n_exchanges % 2];
  if (round.arrived == ~0u) round.arrived = 0;  // of the exchange before the last
  if (round.arrived == 0) round.site = site;
  if (round.site != site)
    fail_from_fiber(fmt::format("{} (line {}) while other lanes of the warp are at {} (line {})",
                                site.what, site.line, round.site.what, round.site.line));
  std::memcpy(round.payloads.data() + lane * kMaxPayload, payload, size);
  round.arrived |= 1u << lane;
  if (round.arrived != ~0u)
    wait(Waits::exchange, site);
  else if (combine != nullptr)
    combine(round.payloads.data());
  return round.payloads.data();
}

void BlockRun::fail_from_fiber(const std::string& what) {
  const auto& [thread, block, size, blocks] = fibers_[current_].place;
  error_ = fmt::format("block ({}, {}, {}), thread ({}, {}, {}): {}", block.x, block.y, block.z,
                       thread.x, thread.y, thread.z, what);
  leave();  // for good: nothing resumes this grid
  std::abort();
}

bool BlockRun::release_barrier() {
  const Fiber* first = nullptr;
  for (const Fiber& fiber : fibers_) {
    if (fiber.waits != Waits::barrier) return false;
    if (first == nullptr) first = &fiber;
    if (fiber.site != first->site) return false;
  }
  for (Fiber& fiber : fibers_) fiber.waits = Waits::nothing;
  ++block_state().epoch;
  return true;
}

std::string BlockRun::describe_waiting() const {
  std::vector<std::string> groups;
  for (int i = 0; i < n_threads_; ++i) {
    const Fiber& fiber = fibers_[i];
    std::string text = fiber.waits == Waits::ended
                           ? "left the kernel"
                           : fmt::format("wait at {} (line {})", fiber.site.what, fiber.site.line);
    if (std::find(groups.begin(), groups.end(), text) == groups.end())
      groups.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(groups, "; others "));
}

bool BlockRun::run(dim3 block, std::mt19937& random) {
  running = this;
  prepare(block);
  std::vector<int> order(warps_.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  for (;;) {
    bool progress = false;
    for (const int warp : order) {
      for (int lane = 0; lane < kWarp; ++lane) {
        const int thread = warp * kWarp + lane;
        if (!is_ready(thread)) continue;
        progress = true;
        if (!resume(thread)) return false;
      }
    }
    if (progress) continue;
    const bool all_ended = std::all_of(fibers_.begin(), fibers_.end(), [](const Fiber& fiber) {
      return fiber.waits == Waits::ended;
    });
    if (all_ended) return true;
    if (release_barrier()) continue;
    error_ = fmt::format("block ({}, {}, {}): some threads {}", block.x, block.y, block.z,
                         describe_waiting());
    return false;
  }
}

}  // namespace

std::unique_lock<std::mutex> hold() {
  static std::mutex mutex;
  return std::unique_lock(mutex);
}

std::string run(const Grid& grid, const Call& call) {
  const uint64_t n_threads = uint64_t{grid.threads.x} * grid.threads.y * grid.threads.z;
  const uint64_t n_blocks = uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z;
  // What every device from compute capability 8.0 on can do.
  if (n_threads == 0 || n_threads % kWarp != 0 || n_threads > kMaxThreads)
    return fmt::format("{} threads in a block", n_threads);
  if (n_blocks == 0 || grid.blocks.y > 65535 || grid.blocks.z > 65535)
    return fmt::format("a grid of {} x {} x {} blocks", grid.blocks.x, grid.blocks.y,
                       grid.blocks.z);
  if (grid.shared_bytes > size_t{48} << 10)
    return fmt::format("{} bytes of shared memory", grid.shared_bytes);

  static std::mt19937 random(1);
  BlockState& state = block_state();
  state.device = grid.device;
  ++state.launch;
  BlockRun block(grid, call);
  state.shared = {block.shared(), grid.shared_bytes};
  std::vector<uint64_t> order(n_blocks);
  std::iota(order.begin(), order.end(), uint64_t{0});
  std::shuffle(order.begin(), order.end(), random);
  for (const uint64_t index : order) {
    ++state.epoch;
    state.block = index;
    const dim3 at(static_cast<unsigned>(index % grid.blocks.x),
                  static_cast<unsigned>(index / grid.blocks.x % grid.blocks.y),
                  static_cast<unsigned>(index / grid.blocks.x / grid.blocks.y));
    if (!block.run(at, random)) return block.error();
  }
  return "";
}

const ThreadPlace& place() { return running_place(); }
void barrier(Site site) { running->barrier(site); }
const std::byte* exchange(Site site, const void* payload, size_t size,
                          void (*combine)(std::byte* payloads)) {
  return running->exchange(site, payload, size, combine);
}
std::byte* shared_memory() { return running->shared(); }
void fail_kernel(const std::string& what) { running->fail_from_fiber(what); }

}  // namespace fathom::cuda::emulation

#include "engine/base/file_faults.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace fathom {
namespace {

/// One mapping. A slot is free while `begin` is 0; `end` is set before `begin` is.
struct Slot {
  std::atomic<uintptr_t> begin = 0;
  std::atomic<uintptr_t> end = 0;
  std::atomic<bool> faulty = false;
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "else a signal handler must not use them");

constexpr uintptr_t kTaken = 1;  // a slot that is being filled; no mapping begins there

// The largest models have some 200 files.
constinit std::array<Slot, 1024> slots;
constinit std::atomic<uintptr_t> page_bytes = 0;

Slot* slot_at(uintptr_t address) {
  for (Slot& slot : slots) {
    const uintptr_t begin = slot.begin.load();
    if (begin > kTaken && address >= begin && address < slot.end.load()) return &slot;
  }
  return nullptr;
}

Slot* slot_of(std::span<const std::byte> bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  for (Slot& slot : slots)
    if (begin != 0 && slot.begin.load() == begin) return &slot;
  return nullptr;
}

/// Puts a page of zeros where the read failed, so that it goes on. Calls only what may be called
/// in a signal handler; mmap is not on POSIX' list, but is a bare system call on Linux.
void on_bus_error(int signal, siginfo_t* info, void*) {
  const uintptr_t page = page_bytes.load();
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  Slot* const slot = info->si_code > 0 ? slot_at(address) : nullptr;
  if (slot) {
    slot->faulty.store(true);
    void* const place = reinterpret_cast<void*>(address & ~(page - 1));
    if (::mmap(place, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == place)
      return;
  }
  // Not ours: happens again without a handler.
  std::signal(signal, SIG_DFL);
  if (info->si_code <= 0) std::raise(signal);
}

}  // namespace

void survive_file_faults() {
  page_bytes.store(static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)));
  struct sigaction action = {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

void watch_for_faults(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  for (Slot& slot : slots) {
    uintptr_t free = 0;
    if (!slot.begin.compare_exchange_strong(free, kTaken)) continue;
    slot.faulty.store(false);
    slot.end.store(begin + bytes.size());
    return slot.begin.store(begin);
  }
}

void forget_faults(std::span<const std::byte> bytes) {
  if (Slot* const slot = slot_of(bytes)) slot->begin.store(0);
}

bool has_faults(std::span<const std::byte> bytes) {
  const Slot* const slot = slot_of(bytes);
  return slot && slot->faulty.load();
}

}  // namespace fathom

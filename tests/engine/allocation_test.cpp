// Decoding allocates nothing: every byte that a token needs was set aside before the first one.

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/log.h"
#include "engine/engine_thread.h"
#include "engine/tokenizer/tokenizer.h"

namespace {

std::atomic<int64_t> n_allocations = 0;

void* counted(std::size_t size, std::size_t alignment) {
  ++n_allocations;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// All of C++'s allocations end in these two.
void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace fathom::engine {
namespace {

// On the CPU backend, the one that people use; the reference backend may allocate for clarity.
void expect_no_allocation(const char* model) {
  Log log;
  auto checkpoint = Checkpoint::open(model);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  auto engine = EngineThread::start(
      *checkpoint, {.backend = "cpu", .n_threads = 2, .context_tokens = 512, .threads = false},
      log);
  ASSERT_TRUE(engine) << engine.error().message;

  std::vector<TokenId> prompt = {(*engine)->traits().bos};
  (*engine)->tokenizer().encode("def fibonacci(n):\n    if n < 2:\n", prompt);
  std::vector<int64_t> counts;
  counts.reserve(64);
  const auto result = generate(**engine,
                               {.prompt = prompt,
                                .max_tokens = 40,
                                .sampling = {.temperature = 0.8f, .top_p = 0.9f, .seed = 3},
                                .ignore_end_tokens = true,
                                .stop_strings = {"a string that the model does not write"}},
                               [&](const TokenEvent&) {
                                 counts.push_back(n_allocations);
                                 return true;
                               });
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(counts.size(), 40u);
  // The first step may still grow scratch memory; from the second token on nothing may.
  for (size_t i = 2; i < counts.size(); ++i) {
    EXPECT_EQ(counts[i] - counts[i - 1], 0) << "before token " << i;
  }
}

TEST(Allocation, NeverHappensBetweenTwoTokens) {
  expect_no_allocation("models/nano/fathom-nano.gguf");
}

TEST(Allocation, NeverHappensBetweenTwoTokensOfCompressedAttention) {
  expect_no_allocation("tests/data/golden/deepseek-v4-fp4");
}

}  // namespace
}  // namespace fathom::engine

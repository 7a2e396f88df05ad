// Where a model goes on machines with GPUs, which are reference backends here that count what they
// are given.

#include "engine/load_where_it_fits.h"

#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/parallel/thread_communicator.h"
#include "engine/plan/rank_need.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/temp_dir.h"

namespace fathom::engine {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kReserve = uint64_t{2} << 30;  // that is left free on each GPU

class Gpu final : public ReferenceBackend {
 public:
  Gpu(int index, uint64_t memory_bytes)
      : ReferenceBackend(/*n_threads=*/1), index_(index), left_(memory_bytes) {}
  std::string_view name() const override { return "gpu"; }
  std::string description() const override { return fmt::format("GPU {}", index_); }
  Result<std::unique_ptr<Weight>> upload(WeightData data) override {
    if (data.bytes.size() > left_) return fail(ErrorCode::out_of_memory, "GPU {} is full", index_);
    left_ -= data.bytes.size();
    return ReferenceBackend::upload(std::move(data));
  }

 private:
  int index_;
  uint64_t left_;
};

class LoadWhereItFits : public ::testing::Test {
 protected:
  static constexpr const char* kModel = "tests/data/golden/deepseek-v3";
  static constexpr int kContext = 64;

  /// What each of n GPUs needs of it.
  static uint64_t need_of(int n_ranks) {
    const ModelParts parts = read_model_parts(*Checkpoint::open(kModel).value()).value();
    return need_of_rank(parts, {0, static_cast<int>(parts.layers.size()), n_ranks, kContext})
        .total_bytes();
  }
  /// Loads the tiny DeepSeek-V3, 3 layers and one that drafts, on GPUs with so many bytes for it.
  Result<LoadedEngine> load(std::vector<uint64_t> room) {
    const Gpus gpus = {.find =
                           [&] {
                             std::vector<GpuMemory> found;
                             for (size_t i = 0; i < room.size(); ++i)
                               found.push_back({fmt::format("GPU {}", i), kReserve + room[i]});
                             return found;
                           },
                       .make_backend = [&](int gpu) -> Result<std::unique_ptr<Backend>> {
                         made.push_back(gpu);
                         return std::make_unique<Gpu>(gpu, is_full ? 1000 : room[gpu]);
                       },
                       .join = [&](std::span<Backend* const> backends)
                           -> Result<std::vector<std::unique_ptr<Communicator>>> {
                         if (!can_join)
                           return fail(ErrorCode::unsupported, "NCCL is not here: install it");
                         return make_thread_communicators(static_cast<int>(backends.size()));
                       }};
    const auto checkpoint = Checkpoint::open(model).value();
    options.prefill_chunk = 16;
    options.context_tokens = kContext;
    Log log(LogLevel::info, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    return load_where_it_fits(checkpoint, options, /*context_length=*/1000, log, gpus);
  }

  std::filesystem::path model = kModel;
  EngineOptions options;
  bool can_join = true;
  bool is_full = false;  // although it did not look so
  std::vector<int> made;
  std::vector<std::string> lines;
};

TEST_F(LoadWhereItFits, TakesOneGpuIfThatHasRoom) {
  const uint64_t all = need_of(1);
  const auto loaded = load({all - 1, all, all});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(made, ElementsAre(1));
  EXPECT_EQ(loaded->device, "GPU 1");
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(LoadWhereItFits, SharesLayersAmongTheFewestGpusThatHaveRoomTogether) {
  const uint64_t half = need_of(2);
  ASSERT_LT(half, need_of(1));
  for (const char* backend : {"auto", "cuda"}) {
    options.backend = backend;
    made.clear();
    lines.clear();
    const auto loaded = load({half, 1000, half, half});
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_THAT(made, ElementsAre(0, 2));
    EXPECT_EQ(loaded->device, "GPU 0, GPU 2");
    EXPECT_THAT(lines, ElementsAre(HasSubstr("sharing each layer among 2 GPUs")));
    EXPECT_EQ(loaded->engine->model().cache_widths().size(), 2 * 4u);
  }
}

TEST_F(LoadWhereItFits, PutsLayersInTurnsWhereNothingJoinsGpus) {
  can_join = false;
  const uint64_t room = need_of(1) - 1;
  const auto loaded = load({room, room});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->device, "GPU 0, GPU 1");
  EXPECT_THAT(lines, ElementsAre(HasSubstr("NCCL is not here: install it"),
                                 HasSubstr("layers 0 to 1 on GPU 0, layers 2 to 2 on GPU 1")));
  EXPECT_EQ(loaded->engine->model().cache_widths().size(), 4u);
}

TEST_F(LoadWhereItFits, GoesOnToTheProcessorWhereGpusAreTooSmall) {
  options.n_threads = 1;
  const auto loaded = load({1000, 1000});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(made, ElementsAre(0));  // for some of the experts, but that has no room either
  EXPECT_THAT(loaded->backends.front()->name(), AnyOf("cpu", "reference"));
  EXPECT_THAT(lines.back(), HasSubstr("computing on the processor"));
}

TEST_F(LoadWhereItFits, FindsOutThatAGpuIsFullerThanItLooked) {
  options.n_threads = 1;
  is_full = true;
  const uint64_t all = need_of(1);
  const auto loaded = load({all, all});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(lines.front(), AllOf(HasSubstr("taking several GPUs"), HasSubstr("GPU 0 is full")));
  EXPECT_THAT(lines.back(), HasSubstr("computing on the processor"));
}

TEST_F(LoadWhereItFits, FailsWhereOnlyGpusAreAskedForAndHaveNoRoom) {
  options.backend = "cuda";
  const auto loaded = load({1000, 1000});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::out_of_memory);
  EXPECT_THAT(loaded.error().message, HasSubstr("2 GPUs together have no room"));
}

TEST_F(LoadWhereItFits, KnowsPromptsOnDiskByAllThatTheirRowsDependOn) {
  const test::TempDir folder;
  options.n_threads = 1;
  const auto identity = [&](const char* backend, DType type) -> std::string {
    options.backend = backend;
    options.cache_type = type;
    const auto loaded = load({});
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded->limits.spill_folder ? loaded->limits.spill_folder->identity : "";
  };
  EXPECT_EQ(identity("reference", DType::f32), "");  // nothing was asked for
  options.disk_cache = folder.path() / "prompts";
  options.disk_cache_bytes = 1'000'000;
  const std::string one = identity("reference", DType::f32);
  EXPECT_EQ(one.size(), 64u);
  EXPECT_EQ(identity("reference", DType::f32), one);
  EXPECT_NE(identity("reference", DType::bf16), one);
  EXPECT_NE(identity("cpu", DType::f32), one);

  model = folder.path() / "model";
  std::filesystem::copy(kModel, model);
  const std::string copy = identity("reference", DType::f32);
  EXPECT_NE(copy, one);
  const auto path = model / "config.json";
  for (const auto& file : {path, model / "model.safetensors"}) {
    const std::string before = identity("reference", DType::f32);
    std::filesystem::last_write_time(
        file, std::filesystem::last_write_time(file) - std::chrono::seconds(5));
    EXPECT_NE(identity("reference", DType::f32), before) << file;
  }
}

TEST_F(LoadWhereItFits, AsksNoGpuForAnotherBackend) {
  options.backend = "reference";
  options.n_threads = 1;
  const auto loaded = load({need_of(1)});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(made, IsEmpty());
  EXPECT_EQ(loaded->backends.front()->name(), "reference");
}

}  // namespace
}  // namespace fathom::engine

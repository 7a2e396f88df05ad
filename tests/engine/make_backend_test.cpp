#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/cpu/roofs.h"

namespace fathom::engine {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class MakeBackend : public testing::Test {
 protected:
  void SetUp() override { unsetenv("FATHOM_CPU"); }
  void TearDown() override { unsetenv("FATHOM_CPU"); }
};

TEST_F(MakeBackend, MakesEveryBackendThatIsAvailable) {
  const std::vector<std::string> names = available_backends();
  EXPECT_THAT(names, testing::Contains("reference"));
  for (const std::string& name : names) {
    const auto backend = make_backend(name, {.n_threads = 1});
    ASSERT_TRUE(backend.has_value()) << backend.error().message;
    EXPECT_EQ((*backend)->name(), name);
  }
  EXPECT_EQ((*make_backend("auto", {.n_threads = 1}))->name(), names.front());
}

TEST_F(MakeBackend, NamesTheChoicesWhenItDoesNotKnowTheName) {
  const auto backend = make_backend("gpu", {});
  ASSERT_FALSE(backend.has_value());
  EXPECT_EQ(backend.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(backend.error().message, HasSubstr("auto, cuda, cpu or reference"));

  const auto variant = make_backend("cpu", {.cpu_variant = "sse2"});
  ASSERT_FALSE(variant.has_value());
  EXPECT_EQ(variant.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(variant.error().message, HasSubstr("amx, avx512-vnni, avx512, avx2"));
}

TEST_F(MakeBackend, SaysWhyThereIsNoGpu) {
  if (available_backends().front() == "cuda") GTEST_SKIP() << "there is a GPU";
  const auto backend = make_backend("cuda", {});
  ASSERT_FALSE(backend.has_value());
  EXPECT_EQ(backend.error().code, ErrorCode::unsupported);
  EXPECT_THAT(backend.error().message, StartsWith("there is no GPU to compute on: "));
}

TEST_F(MakeBackend, TakesTheVariantThatIsAskedForOrSaysThatTheMachineLacksIt) {
  for (const cpu::CpuVariant& variant : cpu::cpu_variants()) {
    const auto backend =
        make_backend("cpu", {.n_threads = 1, .cpu_variant = std::string(variant.name)});
    ASSERT_EQ(backend.has_value(), variant.is_supported()) << variant.name;
    if (!backend) {
      EXPECT_EQ(backend.error().code, ErrorCode::unsupported);
    } else {
      EXPECT_THAT((*backend)->description(), StartsWith(std::string(variant.name) + ","));
    }
  }
}

TEST_F(MakeBackend, LetsTheEnvironmentForceAVariant) {
  if (available_backends().front() != "cpu") GTEST_SKIP() << "this processor has no AVX2";
  setenv("FATHOM_CPU", "avx2", 1);
  EXPECT_THAT((*make_backend("auto", {.n_threads = 1}))->description(), StartsWith("avx2,"));
  setenv("FATHOM_CPU", "avx9", 1);
  EXPECT_EQ(make_backend("cpu", {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(MakeBackend, MeasuresABandwidthThatAComputerCanHave) {
  ThreadPool pool(2);
  const double bandwidth = cpu::measure_read_bandwidth(pool);
  EXPECT_GT(bandwidth, 1e8);
  EXPECT_LT(bandwidth, 1e13);
}

TEST_F(MakeBackend, MeasuresAProductRateThatAComputerCanHave) {
  if (available_backends().front() != "cpu") GTEST_SKIP() << "this processor has no AVX2";
  ThreadPool pool(2);
  const double rate = cpu::measure_product_rate(pool);
  EXPECT_GT(rate, 1e9);
  EXPECT_LT(rate, 1e14);
}

}  // namespace
}  // namespace fathom::engine

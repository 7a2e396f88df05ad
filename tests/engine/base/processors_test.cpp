#include "engine/base/processors.h"

#include <fstream>
#include <numeric>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

class Processors : public testing::Test {
 protected:
  Processors() { std::filesystem::remove_all(folder_); }
  ~Processors() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text << '\n';
  }
  void siblings(int processor, const std::string& list) {
    write(fmt::format("devices/system/cpu/cpu{}/topology/thread_siblings_list", processor), list);
  }
  /// On processors [0, n).
  int threads(int n) const {
    std::vector<int> allowed(n);
    std::iota(allowed.begin(), allowed.end(), 0);
    return useful_threads(allowed, {.devices = folder_ / "devices", .cgroups = folder_ / "cgroup"});
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / "fathom-processors-test";
};

TEST_F(Processors, AreAllUsedWhereNothingIsKnown) {
  EXPECT_EQ(threads(0), 1);
  EXPECT_EQ(threads(1), 1);
  EXPECT_EQ(threads(12), 12);
}

TEST_F(Processors, CountOncePerCoreUnlessTheyAreFew) {
  for (int i = 0; i < 8; ++i) siblings(i, fmt::format("{},{}", i % 4, i % 4 + 4));
  EXPECT_EQ(threads(8), 4);
  EXPECT_EQ(threads(6), 4);
  EXPECT_EQ(threads(4), 4);
}

TEST_F(Processors, AreTheFastOnesWhereThereAreSlowOnes) {
  write("devices/cpu_core/cpus", "0-3,6");
  EXPECT_EQ(threads(12), 5);
  write("devices/cpu_core/cpus", "30-33");
  EXPECT_EQ(threads(12), 12) << "this process may use none of the fast ones";
}

TEST_F(Processors, AreNoMoreThanTheTimeOfTheContainer) {
  write("cgroup/cpu.max", "250000 100000");
  EXPECT_EQ(threads(8), 3);
  write("cgroup/cpu.max", "20000 100000");
  EXPECT_EQ(threads(8), 1);
  write("cgroup/cpu.max", "max 100000");
  EXPECT_EQ(threads(8), 8);
}

TEST_F(Processors, AreNoMoreThanTheTimeOfAnOlderContainer) {
  write("cgroup/cpu/cpu.cfs_quota_us", "-1");
  write("cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(threads(8), 8);
  write("cgroup/cpu/cpu.cfs_quota_us", "200000");
  EXPECT_EQ(threads(8), 2);
}

TEST_F(Processors, MayBeDescribedByNonsense) {
  write("cgroup/cpu.max", "-4 x");
  write("devices/cpu_core/cpus", "a-,,9-2,99999999999999999999");
  siblings(0, "");
  EXPECT_EQ(threads(6), 6);
}

TEST(EffectiveThreads, AreAsManyAsAreWantedOrUseful) {
  EXPECT_EQ(effective_threads(3), 3);
  EXPECT_GE(effective_threads(0), 1);
}

}  // namespace
}  // namespace fathom

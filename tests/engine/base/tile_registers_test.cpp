#include "engine/base/tile_registers.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(TileRegisters, AreRefusedWhereTheProcessorHasNone) {
  std::ifstream file("/proc/cpuinfo");
  const std::string cpus((std::istreambuf_iterator<char>(file)), {});
  if (cpus.find(" amx_tile ") != std::string::npos) GTEST_SKIP() << "this processor has them";
  EXPECT_FALSE(allow_tile_registers());
}

TEST(TileRegisters, MayBeAskedForTwice) {
  const bool allowed = allow_tile_registers();
  EXPECT_EQ(allow_tile_registers(), allowed);
}

}  // namespace
}  // namespace fathom

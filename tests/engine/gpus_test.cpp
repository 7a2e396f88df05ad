#include "engine/gpus.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

TEST(GpusHere, AreThoseThatABackendCanBeMadeOn) {
  const Gpus gpus = gpus_here();
  const std::vector<GpuMemory> found = gpus.find();
  EXPECT_EQ(found.empty(), available_backends().front() != "cuda");
  for (int i = 0; i < static_cast<int>(found.size()); ++i) {
    const auto backend = gpus.make_backend(i);
    ASSERT_TRUE(backend) << backend.error().message;
    EXPECT_EQ((*backend)->description(), found[i].name);
  }
}

}  // namespace
}  // namespace fathom::engine

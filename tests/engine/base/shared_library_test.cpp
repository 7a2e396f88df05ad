#include "engine/base/shared_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(SharedLibrary, HasWhatItExports) {
  const auto math = SharedLibrary::load("libm.so.6");
  ASSERT_TRUE(math) << math.error().message;
  const auto cosine = reinterpret_cast<double (*)(double)>(math->find("cos"));
  ASSERT_NE(cosine, nullptr);
  EXPECT_EQ(cosine(0.0), 1.0);
  EXPECT_EQ(math->find("there_is_no_such_function"), nullptr);
}

TEST(SharedLibrary, ThatIsNotThereIsNamed) {
  const auto library = SharedLibrary::load("libthere_is_none.so.7");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, ErrorCode::not_found);
  EXPECT_THAT(library.error().message, testing::HasSubstr("libthere_is_none.so.7"));
}

}  // namespace
}  // namespace fathom

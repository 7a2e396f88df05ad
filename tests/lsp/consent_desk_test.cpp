#include "lsp/consent_desk.h"

#include <future>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

using completion::ConsentAnswer;

constexpr const char* kOrigin = "https://gpu";

TEST(ConsentDesk, RecordsAndLooksUpOnAThreadOfItsOwn) {
  const test::TempDir dir;
  ConsentDesk desk(dir.path() / "consent");
  std::promise<std::vector<ConsentAnswer>> answers;
  desk.record(kOrigin, {"/a", "/b"}, ConsentAnswer::yes,
              [](const Status& recorded) { EXPECT_TRUE(recorded); });
  desk.look_up(kOrigin, {"/a", "/c", "/b/x"}, [&](const auto& found) { answers.set_value(found); });
  EXPECT_EQ(answers.get_future().get(),
            (std::vector{ConsentAnswer::yes, ConsentAnswer::none, ConsentAnswer::yes}));
}

TEST(ConsentDesk, SaysWhyAnAnswerCouldNotBeRecorded) {
  const test::TempDir dir;
  ConsentDesk desk(dir.path() / "consent", /*own_thread=*/false);
  Status told;
  desk.record(kOrigin, {"relative", "/b"}, ConsentAnswer::never,
              [&](const Status& recorded) { told = recorded; });
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace fathom::lsp

#include "completion/review/baseline.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

const std::vector<Finding> kFindings = {
    {.path = "b.c", .category = "bug", .fingerprint = "bb"},
    {.path = "a\xff.c", .category = "security", .fingerprint = "aa"}};

TEST(Baseline, IsReadBackAsItWasWritten) {
  const auto json = write_baseline(kFindings, "", "base.json");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json,
            "{\"version\":1,\"findings\":[\n"
            R"({"fingerprint":"aa","path":"a)"
            "\xef\xbf\xbd"
            R"(.c","category":"security"},)"
            "\n"
            R"({"fingerprint":"bb","path":"b.c","category":"bug"})"
            "\n]}\n");
  EXPECT_EQ(*read_baseline(*json, "base.json"), (std::set<std::string>{"aa", "bb"}));
}

TEST(Baseline, GrowsByWhatIsNew) {
  const auto first = write_baseline({kFindings[0]}, "", "base.json");
  const auto both = write_baseline({kFindings[1]}, *first, "base.json");
  EXPECT_EQ(*both, *write_baseline(kFindings, "", "base.json"));
}

TEST(Baseline, MayBeAnEarlierReport) {
  EXPECT_EQ(*read_baseline(R"({"model":"m","findings":[{"fingerprint":"cc","line":3}]})", "r.json"),
            std::set<std::string>{"cc"});
}

TEST(Baseline, MustBeOne) {
  for (const char* text :
       {"", "[]", "{}", "{\"findings\":1}", "{\"findings\":[1]}",
        "{\"findings\":[{\"path\":\"a\"}]}", "{\"findings\":[{\"fingerprint\":1}]}"}) {
    const auto baseline = read_baseline(text, "base.json");
    ASSERT_FALSE(baseline) << text;
    EXPECT_NE(baseline.error().message.find("base.json: not a baseline"), std::string::npos);
    const bool is_empty = *text == '\0';
    EXPECT_EQ(write_baseline(kFindings, text, "base.json").has_value(), is_empty) << text;
  }
}

}  // namespace
}  // namespace fathom::completion

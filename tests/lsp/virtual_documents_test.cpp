#include "lsp/virtual_documents.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

constexpr const char* kRefresh = "workspace/textDocumentContent/refresh";

class VirtualDocumentsTest : public testing::Test {
 protected:
  size_t n_told() const { return client_.sent(kRefresh).size(); }
  void client_answers() { client_.respond(kRefresh, nullptr); }

  TestClient client_;
  VirtualDocuments documents_{client_.session().router()};
};

TEST_F(VirtualDocumentsTest, HaveUrisOfTheirOwn) {
  const std::string first = documents_.add("a");
  const std::string second = documents_.add("b");
  EXPECT_EQ(first, "fathom:/explanation/1.md");
  EXPECT_EQ(second, "fathom:/explanation/2.md");
  documents_.append(first, "c");
  ASSERT_TRUE(documents_.find(first));
  EXPECT_EQ(*documents_.find(first), "ac");
  EXPECT_EQ(*documents_.find(second), "b");
  EXPECT_EQ(documents_.find("fathom:/explanation/3.md"), nullptr);
}

TEST_F(VirtualDocumentsTest, TellTheClientAgainOnlyWhenItHasAnswered) {
  const std::string uri = documents_.add("");
  documents_.append(uri, "a");
  ASSERT_EQ(n_told(), 1u);
  EXPECT_EQ(client_.sent(kRefresh)[0], (Json{{"uri", uri}}));
  for (int i = 0; i < 100; ++i) documents_.append(uri, "b");
  documents_.finish(uri);
  EXPECT_EQ(n_told(), 1u);
  client_answers();
  EXPECT_EQ(n_told(), 2u);
  client_answers();
  EXPECT_EQ(n_told(), 2u);
}

TEST_F(VirtualDocumentsTest, TellNothingWhenNothingWasWritten) {
  const std::string uri = documents_.add("title");
  documents_.finish(uri);
  EXPECT_EQ(n_told(), 0u);
}

TEST_F(VirtualDocumentsTest, ForgetTheOldest) {
  const std::string first = documents_.add("first");
  for (size_t i = 1; i < VirtualDocuments::kMaxDocuments; ++i) documents_.add("");
  EXPECT_NE(documents_.find(first), nullptr);
  documents_.append(first, "!");
  const std::string newest = documents_.add("");
  EXPECT_EQ(documents_.find(first), nullptr);
  EXPECT_NE(documents_.find(newest), nullptr);
  documents_.append(first, "!");
  documents_.finish(first);
  client_answers();
  EXPECT_EQ(n_told(), 1u);
}

}  // namespace
}  // namespace fathom::lsp

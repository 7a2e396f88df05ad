#include "completion/document.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(Documents, KeepADocumentWhileItsLanguageStays) {
  Documents documents;
  Document* document = documents.find({.uri = "file:///a", .language = "python"});
  ASSERT_NE(document, nullptr);
  EXPECT_TRUE(document->tree.update("x"));
  EXPECT_EQ(documents.find({.uri = "file:///a", .language = "python"}), document);

  Document* other = documents.find({.uri = "file:///a", .language = "lua"});
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->tree.language().name, "lua");
  EXPECT_EQ(other->tree.tree(), nullptr);
}

TEST(Documents, HaveNothingForALanguageThatIsNotSupported) {
  Documents documents;
  EXPECT_EQ(documents.find({.uri = "file:///a", .language = "cobol"}), nullptr);
}

TEST(Documents, ForgetADocument) {
  Documents documents;
  const Snapshot snapshot{.uri = "file:///a", .language = "go"};
  documents.find(snapshot)->tree.update("package a");
  documents.forget({.client = 0, .uri = "file:///a"});
  EXPECT_EQ(documents.find(snapshot)->tree.tree(), nullptr);
}

TEST(Documents, KeepTheSameFileOfTwoClientsApart) {
  Documents documents;
  const Snapshot first{.uri = "file:///a", .language = "go", .client = 1};
  const Snapshot second{.uri = "file:///a", .language = "go", .client = 2};
  documents.find(first)->tree.update("package a");
  EXPECT_EQ(documents.find(second)->tree.tree(), nullptr);
  documents.find(second)->tree.update("package b");
  documents.forget_client(1);
  EXPECT_EQ(documents.find(first)->tree.tree(), nullptr);
  EXPECT_NE(documents.find(second)->tree.tree(), nullptr);
}

}  // namespace
}  // namespace fathom::completion

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
  documents.forget("file:///a");
  EXPECT_EQ(documents.find(snapshot)->tree.tree(), nullptr);
}

}  // namespace
}  // namespace fathom::completion

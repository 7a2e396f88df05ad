#include "lsp/uri.h"

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

TEST(Uri, GivesThePathDecoded) {
  EXPECT_EQ(path_of_uri("file:///home/a%20b/%C3%A4.cpp"), "/home/a b/\xC3\xA4.cpp");
  EXPECT_EQ(path_of_uri("file://host/share/x"), "/share/x");
  EXPECT_EQ(path_of_uri("file:///c%3A/src/x.cpp"), "c:/src/x.cpp");
  EXPECT_EQ(path_of_uri("file:/tmp/x"), "/tmp/x");
  EXPECT_EQ(path_of_uri("vscode-notebook-cell:/a/b.ipynb#W0"), "/a/b.ipynb");
  EXPECT_EQ(path_of_uri("untitled:Untitled-1"), "Untitled-1");
}

TEST(Uri, TakesATextWithoutASchemeAsAPath) {
  EXPECT_EQ(path_of_uri("/tmp/a%20b"), "/tmp/a%20b");
  EXPECT_EQ(path_of_uri("c:/x"), "c:/x");
  EXPECT_EQ(path_of_uri(""), "");
}

TEST(Uri, LeavesEscapesThatAreNoneAsTheyAre) {
  EXPECT_EQ(path_of_uri("file:///a%"), "/a%");
  EXPECT_EQ(path_of_uri("file:///a%4"), "/a%4");
  EXPECT_EQ(path_of_uri("file:///a%zz%-1"), "/a%zz%-1");
  EXPECT_EQ(path_of_uri("file://"), "");
}

}  // namespace
}  // namespace fathom::lsp

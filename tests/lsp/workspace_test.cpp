#include "lsp/workspace.h"

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

TEST(Workspace, ShowsPathsRelativeToTheInnermostFolder) {
  Workspace workspace;
  workspace.add("file:///home/me/project");
  workspace.add("file:///home/me/project/lib/");
  EXPECT_EQ(workspace.relative_path("file:///home/me/project/src/a.cpp"), "src/a.cpp");
  EXPECT_EQ(workspace.relative_path("file:///home/me/project/lib/a.cpp"), "a.cpp");
  EXPECT_EQ(workspace.relative_path("file:///home/me/project%2Fsrc/b.cpp"), "src/b.cpp");
}

TEST(Workspace, ShowsOnlyTheNameOfAFileOutsideItsFolders) {
  Workspace workspace;
  workspace.add("file:///home/me/project");
  EXPECT_EQ(workspace.relative_path("file:///home/me/project2/secret/a.cpp"), "a.cpp");
  EXPECT_EQ(workspace.relative_path("untitled:Untitled-1"), "Untitled-1");
}

TEST(Workspace, ForgetsRemovedFolders) {
  Workspace workspace;
  workspace.add("file:///p");
  workspace.add("file:///p/");  // the same again
  workspace.remove("file:///p");
  EXPECT_EQ(workspace.relative_path("file:///p/src/a.cpp"), "a.cpp");
}

}  // namespace
}  // namespace fathom::lsp

#include "lsp/workspace_edit.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lsp/protocol.h"

namespace fathom::lsp {
namespace {

const Range kRange = {.start = {.line = 1, .character = 0}, .end = {.line = 2, .character = 3}};

ProposedEdit fix() {
  return {.uri = "file:///a.cpp",
          .version = 7,
          .range = kRange,
          .text = "int x;",
          .label = "Fix",
          .description = "no such name"};
}

TEST(WorkspaceEdit, NamesTheVersionAndAsksForConfirmation) {
  const auto edit = workspace_edit(fix(), {.document_changes = true, .annotations = true});
  ASSERT_TRUE(edit);
  EXPECT_EQ(*edit, Json::parse(R"({
    "documentChanges": [{
      "textDocument": {"uri": "file:///a.cpp", "version": 7},
      "edits": [{"range": {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 3}},
                 "newText": "int x;", "annotationId": "fathom"}]}],
    "changeAnnotations": {"fathom": {
      "label": "Fix", "description": "no such name", "needsConfirmation": true}}
  })"));
}

TEST(WorkspaceEdit, IsPlainerForPlainerClients) {
  const Json text_edit = {{"range", to_json(kRange)}, {"newText", "int x;"}};
  const auto versioned = workspace_edit(fix(), {.document_changes = true});
  ASSERT_TRUE(versioned);
  EXPECT_EQ((*versioned)["documentChanges"][0]["edits"], Json::array({text_edit}));
  EXPECT_FALSE(versioned->contains("changeAnnotations"));
  EXPECT_EQ(workspace_edit(fix(), {}),
            (Json{{"changes", {{"file:///a.cpp", Json::array({text_edit})}}}}));
}

TEST(WorkspaceEdit, CreatesAFileThatIsNotThereWhereTheClientCan) {
  ProposedEdit tests = fix();
  tests.creates = true;
  const auto edit = workspace_edit(tests, {.document_changes = true, .create = true});
  ASSERT_TRUE(edit);
  EXPECT_EQ((*edit)["documentChanges"][0], Json::parse(R"({
    "kind": "create", "uri": "file:///a.cpp",
    "options": {"overwrite": false, "ignoreIfExists": false}})"));
  EXPECT_EQ((*edit)["documentChanges"][1]["textDocument"],
            (Json{{"uri", "file:///a.cpp"}, {"version", nullptr}}));
  EXPECT_EQ(workspace_edit(tests, {.document_changes = true}), std::nullopt);
  EXPECT_EQ(workspace_edit(tests, {.create = true}), std::nullopt);
}

}  // namespace
}  // namespace fathom::lsp

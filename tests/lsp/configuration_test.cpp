// Settings between client and server: asked for, sent, and followed in the files.

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"
#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Json kAsks = {
    {"capabilities",
     {{"workspace",
       {{"configuration", true}, {"didChangeConfiguration", {{"dynamicRegistration", true}}}}}}}};

TEST(Configuration, IsAskedForWhereTheClientCanBeAsked) {
  TestClient client;
  client.initialize(kAsks);
  ASSERT_EQ(client.sent("workspace/configuration").size(), 1u);
  EXPECT_EQ(client.sent("workspace/configuration")[0],
            (Json{{"items", Json::array({{{"section", "fathom"}}})}}));
  client.respond("workspace/configuration", Json::array({{{"completion", {{"maxTokens", 8}}}}}));
  EXPECT_EQ(client.session().settings().max_completion_tokens, 8);

  client.notify("workspace/didChangeConfiguration", {{"settings", nullptr}});
  ASSERT_EQ(client.sent("workspace/configuration").size(), 2u);
  client.respond("workspace/configuration", Json::array({nullptr}));
  EXPECT_EQ(client.session().settings().max_completion_tokens, 8);
  client.notify("workspace/didChangeConfiguration", {{"settings", Json::object()}});
  client.respond("workspace/configuration", Json::array({Json::object()}));
  EXPECT_EQ(client.session().settings().max_completion_tokens, 0);

  const std::vector<Json> registered = client.sent("client/registerCapability");
  ASSERT_EQ(registered.size(), 1u);
  EXPECT_EQ(registered[0]["registrations"][0]["method"], "workspace/didChangeConfiguration");
}

TEST(Configuration, IsNotAskedOfOthers) {
  TestClient client;
  client.initialize();
  client.notify("workspace/didChangeConfiguration", {{"settings", nullptr}});
  EXPECT_THAT(client.sent("workspace/configuration"), IsEmpty());
  EXPECT_THAT(client.sent("client/registerCapability"), IsEmpty());
}

TEST(Configuration, ProblemsAreToldOnceAndOnlyAfterInitialized) {
  TestClient client;
  client.request("initialize", {{"initializationOptions", {{"completion", {{"enable", true}}}}}});
  EXPECT_THAT(client.sent("window/showMessage"), IsEmpty());
  client.notify("initialized");
  ASSERT_EQ(client.sent("window/showMessage").size(), 1u);
  EXPECT_EQ(client.sent("window/showMessage")[0],
            (Json{{"type", 2},
                  {"message",
                   "fathom: the editor: there is no key 'completion.enable'; did you "
                   "mean 'completion.enabled'?"}}));
  client.notify("workspace/didChangeConfiguration",
                {{"settings", {{"fathom", {{"completion", {{"enable", true}}}}}}}});
  EXPECT_EQ(client.sent("window/showMessage").size(), 1u);
}

TEST(Configuration, OfADisabledLanguageMeansNoSuggestion) {
  TestClient client;
  client.initialize(
      {{"initializationOptions", {{"completion", {{"disabledLanguages", {"cpp", "c"}}}}}}});
  client.open("file:///a.cpp", "cpp", "int a = ");
  client.open("file:///a.py", "python", "a = ");
  client.generator().answer("1");
  const int cpp = client.request("textDocument/inlineCompletion", at("file:///a.cpp", 0, 8));
  const int python = client.request("textDocument/inlineCompletion", at("file:///a.py", 0, 4));
  client.run();
  EXPECT_THAT(client.result(cpp)["items"], IsEmpty());
  EXPECT_EQ(client.result(python)["items"].size(), 1u);
}

TEST(Configuration, OfTheWorkspaceIsFollowed) {
  const test::TempDir project;
  std::filesystem::create_directory(project.path() / ".git");
  completion::ConfigWatch watch(std::chrono::milliseconds(0));
  TestClient client(TestClient::Model::ready, &watch);
  client.initialize({{"rootUri", "file://" + project.path().string()}});
  watch.poll();
  client.run();
  EXPECT_EQ(client.session().settings().max_completion_tokens, 0);
  std::ofstream(project.path() / ".fathom.toml") << "[completion]\nmax_tokens = 9\nmax_token = 1\n";
  watch.poll();
  client.run();
  EXPECT_EQ(client.session().settings().max_completion_tokens, 9);
  ASSERT_EQ(client.sent("window/showMessage").size(), 1u);
  EXPECT_THAT(client.sent("window/showMessage")[0]["message"],
              HasSubstr(".fathom.toml:3: there is no key 'completion.max_token'"));
}

}  // namespace
}  // namespace fathom::lsp

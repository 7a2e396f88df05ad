// Where a client's text may go.

#include "lsp/client_models.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"
#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

using completion::Consent;
using completion::ConsentAnswer;
using completion::Role;

constexpr const char* kOrigin = "https://gpu.example:8080";
constexpr const char* kUri = "file:///project/a.py";
const Json kFolder = {{"workspaceFolders", {{{"uri", "file:///project"}, {"name", "project"}}}}};
const Json kOtherFolder = {
    {"event",
     {{"added", {{{"uri", "file:///other"}, {"name", "other"}}}}, {"removed", Json::array()}}}};

class ClientModelsTest : public testing::Test {
 protected:
  ClientModelsTest() {
    client_.generator().answer("here):");
    client_.server_generator().answer("there):");
  }

  void start(const Json& params = kFolder) {
    client_.initialize(params);
    client_.run();
    client_.open(kUri, "python", "def f(\n");
  }

  /// What is suggested, and by whom: "here", "there" or nothing.
  std::string suggestion() {
    const int id = client_.request("textDocument/inlineCompletion", at(kUri, 0, 6));
    client_.run();
    const Json items = client_.result(id)["items"];
    return items.empty() ? "" : items[0]["insertText"].get<std::string>();
  }

  void answer(const Json& action) {
    client_.respond("window/showMessageRequest", action);
    client_.run();
  }

  std::vector<Json> questions() const { return client_.sent("window/showMessageRequest"); }
  Json status() const { return client_.sent("didChangeStatus").back(); }
  ConsentAnswer recorded(const std::string& folder = "/project") const {
    return Consent(file_).answer(kOrigin, folder);
  }

  test::TempDir dir_;
  const std::filesystem::path file_ = dir_.path() / "remote-consent";
  ConsentDesk desk_{file_, /*own_thread=*/false};
  TestClient client_{
      TestClient::Model::ready,    nullptr, nullptr, nullptr, {.version = "1"}, &desk_,
      std::string(kOrigin) + "/v1"};
};

TEST_F(ClientModelsTest, SendsNothingUntilTheUserHasAnswered) {
  start();
  ASSERT_EQ(questions().size(), 1u);
  EXPECT_NE(questions()[0]["message"].get<std::string>().find(kOrigin), std::string::npos);
  EXPECT_NE(questions()[0]["message"].get<std::string>().find("/project/"), std::string::npos);
  EXPECT_EQ(status()["kind"], "Warning");
  EXPECT_EQ(suggestion(), "");
  EXPECT_TRUE(client_.server_generator().requests().empty());
  EXPECT_TRUE(client_.generator().requests().empty());

  answer({{"title", "Send"}});
  EXPECT_EQ(recorded(), ConsentAnswer::yes);
  EXPECT_EQ(status()["message"], std::string("ready, on ") + kOrigin);
  EXPECT_EQ(suggestion(), "there):");
  EXPECT_TRUE(client_.generator().requests().empty());
  EXPECT_EQ(questions().size(), 1u);
}

TEST_F(ClientModelsTest, RemembersWhatWasAllowed) {
  ASSERT_TRUE(Consent(file_).record(kOrigin, "/project", ConsentAnswer::yes));
  start();
  EXPECT_TRUE(questions().empty());
  EXPECT_EQ(suggestion(), "there):");
}

TEST_F(ClientModelsTest, ComputesHereAfterANoAndAsksInTheNextSession) {
  start();
  answer({{"title", "Not Now"}});
  EXPECT_EQ(suggestion(), "here):");
  EXPECT_EQ(recorded(), ConsentAnswer::none);
  EXPECT_EQ(status()["message"], "ready");
}

TEST_F(ClientModelsTest, TakesAClosedQuestionForANo) {
  start();
  answer(nullptr);
  EXPECT_EQ(suggestion(), "here):");
  EXPECT_EQ(recorded(), ConsentAnswer::none);
}

TEST_F(ClientModelsTest, RemembersANever) {
  start();
  answer({{"title", "Never for This Folder"}});
  EXPECT_EQ(suggestion(), "here):");
  EXPECT_EQ(recorded(), ConsentAnswer::never);

  TestClient next(TestClient::Model::ready, nullptr, nullptr, nullptr, {}, &desk_, kOrigin);
  next.initialize(kFolder);
  next.run();
  EXPECT_TRUE(next.sent("window/showMessageRequest").empty());
  EXPECT_EQ(next.session().models().consent(Role::completion), false);
}

TEST_F(ClientModelsTest, AsksAgainWhenTheUserWantsTo) {
  ASSERT_TRUE(Consent(file_).record(kOrigin, "/project", ConsentAnswer::never));
  start();
  client_.request("workspace/executeCommand", {{"command", "fathom.askAboutServer"}});
  ASSERT_EQ(questions().size(), 1u);
  answer({{"title", "Send"}});
  EXPECT_EQ(recorded(), ConsentAnswer::yes);
  EXPECT_EQ(suggestion(), "there):");
}

TEST_F(ClientModelsTest, AsksAboutAFolderThatComesLater) {
  ASSERT_TRUE(Consent(file_).record(kOrigin, "/project", ConsentAnswer::yes));
  start();
  client_.notify("workspace/didChangeWorkspaceFolders", kOtherFolder);
  EXPECT_EQ(suggestion(), "");
  ASSERT_EQ(questions().size(), 1u);
  EXPECT_EQ(questions()[0]["message"].get<std::string>().find("/project"), std::string::npos);
  answer({{"title", "Send"}});
  EXPECT_EQ(recorded("/other"), ConsentAnswer::yes);
  EXPECT_EQ(suggestion(), "there):");
}

TEST_F(ClientModelsTest, IgnoresAnAnswerAboutFoldersThatHaveChangedMeanwhile) {
  start();
  client_.notify("workspace/didChangeWorkspaceFolders", kOtherFolder);
  const Json first = client_.transport().sent;
  for (const Json& message : first) {
    if (message.value("method", "") != "window/showMessageRequest") continue;
    client_.respond_to(message["id"], {{"title", "Send"}});
    break;
  }
  client_.run();
  EXPECT_EQ(recorded(), ConsentAnswer::none);
  EXPECT_EQ(suggestion(), "");
  answer({{"title", "Send"}});
  EXPECT_EQ(recorded("/other"), ConsentAnswer::yes);
  EXPECT_EQ(suggestion(), "there):");
}

TEST_F(ClientModelsTest, KeepsTextHereThatIsInNoFolder) {
  start(Json::object());
  EXPECT_TRUE(questions().empty());
  EXPECT_EQ(suggestion(), "here):");
}

TEST_F(ClientModelsTest, ComputesHereWhileTheServerFailsAndSaysSoOnce) {
  ASSERT_TRUE(Consent(file_).record(kOrigin, "/project", ConsentAnswer::yes));
  start();
  EXPECT_EQ(client_.sent("window/showMessage").size(), 0u);
  client_.server_problem = "gpu: 503";
  EXPECT_EQ(suggestion(), "here):");
  client_.run();
  const std::vector<Json> shown = client_.sent("window/showMessage");
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0]["message"],
            "fathom: this machine computes until the server answers again: gpu: 503");
  EXPECT_EQ(
      status(),
      (Json{{"busy", false}, {"kind", "Warning"}, {"message", "this machine computes: gpu: 503"}}));

  client_.server_problem = "";
  client_.session().model().update(Role::completion);
  EXPECT_EQ(suggestion(), "there):");
  EXPECT_EQ(status()["kind"], "Normal");
  EXPECT_EQ(client_.sent("window/showMessage").size(), 1u);
}

TEST_F(ClientModelsTest, LetsAnExplanationWaitForTheAnswer) {
  start();
  client_.server_generator().answer("It adds.");
  const int id = client_.request(
      "workspace/executeCommand",
      {{"command", "fathom.explain"}, {"arguments", {{{"uri", kUri}}}}, {"workDoneToken", "t"}});
  client_.run();
  EXPECT_TRUE(client_.answers(id).empty());
  EXPECT_NE(client_.sent("$/progress").back()["value"]["message"].get<std::string>().find(kOrigin),
            std::string::npos);
  answer({{"title", "Send"}});
  EXPECT_FALSE(client_.server_generator().requests().empty());
  EXPECT_EQ(client_.answers(id).size(), 1u);
}

TEST_F(ClientModelsTest, LetsNobodyWaitWhoseFolderHasGone) {
  start();
  client_.generator().answer("It adds.");
  const int id = client_.request("workspace/executeCommand",
                                 {{"command", "fathom.explain"}, {"arguments", {{{"uri", kUri}}}}});
  client_.notify("workspace/didChangeWorkspaceFolders",
                 {{"event",
                   {{"added", Json::array()},
                    {"removed", {{{"uri", "file:///project"}, {"name", "project"}}}}}}});
  client_.run();
  EXPECT_EQ(client_.answers(id).size(), 1u);
  EXPECT_TRUE(client_.server_generator().requests().empty());
}

TEST_F(ClientModelsTest, TellsTheStatusWhereTextGoes) {
  start();
  const auto server = [&] {
    return client_.result(client_.request("fathom/status"))["models"][0]["server"];
  };
  EXPECT_EQ(server()["origin"], kOrigin);
  EXPECT_TRUE(server()["consent"].is_null());
  answer({{"title", "Send"}});
  EXPECT_EQ(server()["consent"], true);
  EXPECT_EQ(server()["state"], "ready");
  client_.server_problem = "gpu: 503";
  EXPECT_EQ(server()["problem"], "gpu: 503");
}

TEST_F(ClientModelsTest, SaysThatAnAnswerCouldNotBeRemembered) {
  std::filesystem::create_directory(file_);
  start();
  answer({{"title", "Send"}});
  ASSERT_EQ(client_.sent("window/showMessage").size(), 1u);
  EXPECT_NE(client_.sent("window/showMessage")[0]["message"].get<std::string>().find(
                "holds for this session only"),
            std::string::npos);
  EXPECT_EQ(suggestion(), "there):");
}

}  // namespace
}  // namespace fathom::lsp

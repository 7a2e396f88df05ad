// What the client is told while the model loads.

#include <gtest/gtest.h>

#include "lsp/framing.h"
#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

const Json kWithProgress = {{"capabilities", {{"window", {{"workDoneProgress", true}}}}}};

/// Answers the server's first request.
void allow_progress(TestClient& client) {
  for (const Json& message : client.transport().sent) {
    if (message.value("method", "") != "window/workDoneProgress/create") continue;
    const Json answer = {{"jsonrpc", "2.0"}, {"id", message["id"]}, {"result", nullptr}};
    client.session().on_bytes(frame(answer.dump()));
    return;
  }
}

std::vector<std::string> kinds_of_progress(const TestClient& client) {
  std::vector<std::string> kinds;
  for (const Json& progress : client.sent("$/progress")) kinds.push_back(progress["value"]["kind"]);
  return kinds;
}

TEST(ModelSlot, ShowsLoadingAsProgressOnceTheClientAllowsIt) {
  TestClient client(TestClient::Model::loading);
  client.initialize(kWithProgress);
  EXPECT_TRUE(kinds_of_progress(client).empty());
  allow_progress(client);
  client.finish_loading();
  EXPECT_EQ(kinds_of_progress(client), (std::vector<std::string>{"begin", "end"}));
}

TEST(ModelSlot, ShowsNoProgressIfTheModelIsThereFirst) {
  TestClient client(TestClient::Model::loading);
  client.initialize(kWithProgress);
  client.finish_loading();
  allow_progress(client);
  EXPECT_TRUE(kinds_of_progress(client).empty());
}

TEST(ModelSlot, LogsForClientsWithoutProgress) {
  TestClient client(TestClient::Model::loading);
  client.initialize();
  client.finish_loading();
  EXPECT_TRUE(client.sent("window/workDoneProgress/create").empty());
  ASSERT_EQ(client.sent("window/logMessage").size(), 2u);
  EXPECT_EQ(client.sent("window/logMessage")[1]["message"], "fathom: the model is ready");
}

TEST(ModelSlot, AsksForProgressOnceHoweverOftenTheClientIsInitialized) {
  TestClient client(TestClient::Model::loading);
  client.initialize(kWithProgress);
  client.notify("initialized");
  EXPECT_EQ(client.sent("window/workDoneProgress/create").size(), 1u);
}

TEST(ModelSlot, TellsTheUserOnceThatThereIsNoModel) {
  TestClient client(TestClient::Model::failed);
  EXPECT_TRUE(client.sent("window/showMessage").empty());  // not before initialized
  client.initialize();
  const std::vector<Json> shown = client.sent("window/showMessage");
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0]["type"], 1);
  EXPECT_EQ(shown[0]["message"], "fathom: no suggestions: model.gguf: truncated");
}

TEST(ModelSlot, TakesTheModelThatAPersonChooses) {
  TestClient client;
  client.initialize();
  const auto choose = [&](const Json& params) {
    const int id = client.request("fathom/chooseModel", params);
    client.run();
    return id;
  };
  EXPECT_TRUE(client.result(choose({{"model", "other"}})).is_null());
  EXPECT_EQ(
      client.models().state(completion::Role::completion, completion::Reach::this_machine).model,
      "other");
  EXPECT_EQ(client.models().chosen(), "other");

  const int broken = choose({{"model", "broken"}});
  EXPECT_EQ(client.error(broken), -32803);
  EXPECT_EQ(client.answers(broken)[0]["error"]["message"], "model.gguf: truncated");
  EXPECT_EQ(
      client.models().state(completion::Role::completion, completion::Reach::this_machine).model,
      "other");
  EXPECT_TRUE(client.sent("window/showMessage").empty()) << "the answer says it";
  EXPECT_EQ(client.error(choose(Json::object())), -32602);

  EXPECT_TRUE(client.result(choose({{"model", nullptr}})).is_null());
  EXPECT_EQ(client.models().chosen(), std::nullopt);
}

}  // namespace
}  // namespace fathom::lsp

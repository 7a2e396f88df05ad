#include "lsp/status_report.h"

#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

TEST(StatusReport, TellsOfModelsByRole) {
  TestClient client;
  client.initialize();
  const Json status = client.result(client.request("fathom/status"));
  EXPECT_EQ(status["version"], "1.2.3");
  ASSERT_EQ(status["models"].size(), 2u);
  EXPECT_EQ(status["models"][0]["role"], "completion");
  EXPECT_EQ(status["models"][0]["state"], "ready");
  EXPECT_TRUE(status["models"][0].contains("weight_bytes"));
  EXPECT_EQ(status["models"][1]["role"], "reasoning");
  EXPECT_FALSE(status.contains("pid"));
  EXPECT_FALSE(status.contains("acceptance"));
}

TEST(StatusReport, SaysWhyThereIsNoModel) {
  TestClient client(TestClient::Model::failed);
  client.initialize();
  const Json model = client.result(client.request("fathom/status"))["models"][0];
  EXPECT_EQ(model["state"], "failed");
  EXPECT_NE(model["error"].get<std::string>().find("model.gguf: truncated"), std::string::npos);
}

TEST(StatusReport, TellsOfTheDaemonAndItsClients) {
  TestClient client;
  Log log;
  completion::Acceptance acceptance({}, log);
  acceptance.add("cpp", &completion::AcceptanceCounts::accepted);
  completion::Counters counters;
  counters.add(completion::Completion{.text = "a", .stop = "line", .ms_total = 3});
  counters.add(completion::Completion{.stop = "filtered:mid_word"});
  const Services services{.models = client.models(),
                          .acceptance = &acceptance,
                          .counters = &counters,
                          .daemon_status = [] {
                            return DaemonStatus{
                                .pid = 7,
                                .uptime_s = 1.5,
                                .socket = "/run/f.sock",
                                .clients = {{.client = 1, .name = "nvim", .n_documents = 2}}};
                          }};
  const Json status = status_report(services, "1.2.3");
  EXPECT_EQ(status["pid"], 7);
  EXPECT_EQ(status["socket"], "/run/f.sock");
  EXPECT_FALSE(status.contains("port"));
  ASSERT_EQ(status["clients"].size(), 1u);
  EXPECT_FALSE(status.contains("token_file"));
  EXPECT_EQ(status["clients"][0]["name"], "nvim");
  EXPECT_EQ(status["clients"][0]["documents"], 2);
  EXPECT_EQ(status["acceptance"]["cpp"]["accepted"], 1);
  EXPECT_EQ(status["acceptance"]["cpp"]["rejected"], 0);
  EXPECT_EQ(status["completions"]["requests"], 2);
  EXPECT_EQ(status["completions"]["filtered"], (Json{{"mid_word", 1}}));
  EXPECT_EQ(status["completions"]["total"]["count"], 2);
}

TEST(ChangedStatus, IsToldToTheClient) {
  TestClient client;
  client.initialize();
  client.run();
  const std::vector<Json> told = client.sent("didChangeStatus");
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), (Json{{"busy", false}, {"kind", "Normal"}, {"message", "ready"}}));

  TestClient failed(TestClient::Model::failed);
  failed.initialize();
  failed.run();
  ASSERT_FALSE(failed.sent("didChangeStatus").empty());
  EXPECT_EQ(failed.sent("didChangeStatus").back()["kind"], "Error");
}

}  // namespace
}  // namespace fathom::lsp

#include "lsp/router.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/lsp/fake_transport.h"

namespace fathom::lsp {

struct NumberParams {
  int64_t number = 0;
};

Status parse(const Json& json, NumberParams& out) {
  if (!json.contains("number")) return fail(ErrorCode::invalid_argument, "number is missing");
  out.number = json.at("number").get<int64_t>();  // throws on purpose if it is no number
  return {};
}

namespace {

/// Knows the requests "double" (answers at once), "keep" (answers when the test wants) and
/// "forget" (never answers), and the notification "note".
class RouterTest : public testing::Test {
 protected:
  RouterTest() : router_(transport_, log_, [this](std::string_view) { return refusal_; }) {
    router_.on_request<NumberParams>(
        "double", [](const NumberParams& params, Reply reply) { reply.ok(2 * params.number); });
    router_.on_request<NumberParams>(
        "keep", [this](const NumberParams&, Reply reply) { kept_.push_back(std::move(reply)); });
    router_.on_request<NumberParams>("forget", [](const NumberParams&, Reply) {});
    router_.on_notification<NumberParams>(
        "note", [this](const NumberParams& params) { notes_.push_back(params.number); });
  }

  /// Sends and gives the answers as "id result" or "id error code".
  std::vector<std::string> answers_to(std::string_view message) {
    transport_.sent.clear();
    router_.receive(message);
    return answers();
  }

  std::vector<std::string> answers() {
    std::vector<std::string> out;
    for (const Json& sent : transport_.sent) {
      const bool failed = sent.contains("error");
      out.push_back(sent["id"].dump() + " " +
                    (failed ? "error " + sent["error"]["code"].dump() : sent["result"].dump()));
    }
    return out;
  }

  using Answers = std::vector<std::string>;

  FakeTransport transport_;
  Log log_;
  std::optional<Refusal> refusal_;
  Router router_;
  std::vector<Reply> kept_;
  std::vector<int64_t> notes_;
};

TEST_F(RouterTest, AnswersRequestsUnderTheirIds) {
  EXPECT_EQ(answers_to(R"({"jsonrpc":"2.0","id":1,"method":"double","params":{"number":21}})"),
            Answers{"1 42"});
  EXPECT_EQ(answers_to(R"({"jsonrpc":"2.0","id":"a","method":"double","params":{"number":1}})"),
            Answers{"\"a\" 2"});
}

TEST_F(RouterTest, CallsNotificationsAndNeverAnswersThem) {
  EXPECT_EQ(answers_to(R"({"method":"note","params":{"number":3}})"), Answers{});
  EXPECT_EQ(answers_to(R"({"method":"note","params":{}})"), Answers{});
  EXPECT_EQ(answers_to(R"({"method":"note","params":{"number":"3"}})"), Answers{});
  EXPECT_EQ(answers_to(R"({"method":"unknown"})"), Answers{});
  EXPECT_EQ(answers_to(R"({"method":"$/unknown","params":[]})"), Answers{});
  EXPECT_EQ(notes_, std::vector<int64_t>{3});
}

TEST_F(RouterTest, AnswersUnknownMethodsWithMethodNotFound) {
  EXPECT_EQ(answers_to(R"({"id":1,"method":"unknown"})"), Answers{"1 error -32601"});
  EXPECT_EQ(answers_to(R"({"id":2,"method":"$/unknown"})"), Answers{"2 error -32601"});
}

TEST_F(RouterTest, AnswersParametersThatDoNotFitWithInvalidParams) {
  EXPECT_EQ(answers_to(R"({"id":1,"method":"double"})"), Answers{"1 error -32602"});
  EXPECT_EQ(answers_to(R"({"id":1,"method":"double","params":[1]})"), Answers{"1 error -32602"});
  EXPECT_EQ(answers_to(R"({"id":1,"method":"double","params":null})"), Answers{"1 error -32602"});
}

TEST_F(RouterTest, AnswersARequestWhoseHandlerThrew) {
  EXPECT_EQ(answers_to(R"({"id":1,"method":"double","params":{"number":"x"}})"),
            Answers{"1 error -32603"});
}

TEST_F(RouterTest, AnswersARequestThatItsHandlerForgot) {
  EXPECT_EQ(answers_to(R"({"id":1,"method":"forget","params":{"number":1}})"),
            Answers{"1 error -32603"});
}

TEST_F(RouterTest, RefusesWhatIsNoMessage) {
  EXPECT_EQ(answers_to("{"), Answers{"null error -32700"});
  EXPECT_EQ(answers_to(""), Answers{"null error -32700"});
  EXPECT_EQ(answers_to("[]"), Answers{"null error -32600"});
  EXPECT_EQ(answers_to(R"([{"id":1,"method":"double","params":{"number":1}}])"),
            Answers{"null error -32600"});
  EXPECT_EQ(answers_to("1"), Answers{"null error -32600"});
  EXPECT_EQ(answers_to("{}"), Answers{"null error -32600"});
  EXPECT_EQ(answers_to(R"({"id":1})"), Answers{"null error -32600"});
  EXPECT_EQ(answers_to(R"({"id":1,"method":5})"), Answers{"null error -32600"});
}

TEST_F(RouterTest, RefusesIdsThatAreNeitherIntegersNorStrings) {
  for (const char* id : {"null", "1.5", "true", "{}", "[1]", "18446744073709551615"}) {
    EXPECT_EQ(
        answers_to(R"({"method":"double","params":{"number":1},"id":)" + std::string(id) + "}"),
        Answers{"null error -32600"})
        << id;
  }
}

TEST_F(RouterTest, RefusesAnIdThatIsStillInUse) {
  EXPECT_EQ(answers_to(R"({"id":1,"method":"keep","params":{"number":1}})"), Answers{});
  EXPECT_EQ(answers_to(R"({"id":1,"method":"double","params":{"number":1}})"),
            Answers{"1 error -32600"});
  transport_.sent.clear();
  kept_[0].ok("done");
  EXPECT_EQ(answers(), Answers{"1 \"done\""});
  EXPECT_EQ(answers_to(R"({"id":1,"method":"double","params":{"number":1}})"), Answers{"1 2"});
}

TEST_F(RouterTest, AnswersACancelledRequestOnce) {
  router_.receive(R"({"id":7,"method":"keep","params":{"number":1}})");
  EXPECT_FALSE(kept_[0].cancel_token().cancelled());
  router_.cancel(int64_t{7});
  EXPECT_TRUE(kept_[0].cancel_token().cancelled());
  EXPECT_TRUE(kept_[0].answered());
  kept_[0].ok("late");
  router_.cancel(int64_t{7});
  router_.cancel(int64_t{8});
  router_.cancel(std::string("7"));
  EXPECT_EQ(answers(), Answers{"7 error -32800"});
}

TEST_F(RouterTest, CancelsEverythingInFlight) {
  router_.receive(R"({"id":1,"method":"keep","params":{"number":1}})");
  router_.receive(R"({"id":"x","method":"keep","params":{"number":1}})");
  router_.cancel_all();
  EXPECT_EQ(answers(), (Answers{"1 error -32800", "\"x\" error -32800"}));
}

TEST_F(RouterTest, AsksTheGateFirst) {
  refusal_ = Refusal{RpcError::server_not_initialized, "not yet"};
  EXPECT_EQ(answers_to(R"({"id":1,"method":"double","params":{"number":1}})"),
            Answers{"1 error -32002"});
  EXPECT_EQ(answers_to(R"({"id":1,"method":"unknown"})"), Answers{"1 error -32002"});
  EXPECT_EQ(answers_to(R"({"method":"note","params":{"number":1}})"), Answers{});
  EXPECT_TRUE(notes_.empty());
}

TEST_F(RouterTest, HandsTheClientsAnswersToThoseWhoAsked) {
  std::vector<bool> outcomes;
  const auto record = [&](bool ok) { outcomes.push_back(ok); };
  router_.request("window/workDoneProgress/create", Json::object(), record);
  router_.request("window/workDoneProgress/create", Json::object(), record);
  const auto id = [&](size_t i) { return transport_.sent[i]["id"].dump(); };
  router_.receive(R"({"error":{"code":1,"message":"no"},"id":)" + id(1) + "}");
  router_.receive(R"({"result":null,"id":)" + id(0) + "}");
  router_.receive(R"({"result":null,"id":)" + id(0) + "}");  // again: nobody waits
  router_.receive(R"({"result":null,"id":"x"})");
  EXPECT_EQ(outcomes, (std::vector<bool>{false, true}));
}

}  // namespace
}  // namespace fathom::lsp

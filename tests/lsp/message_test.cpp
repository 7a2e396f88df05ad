#include "lsp/message.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lsp/json_text.h"

namespace fathom::lsp {
namespace {

MessageHead head_of(std::string_view text) { return read_head(parse_json(text)); }

TEST(Message, IsARequestWithMethodAndIdANotificationWithoutIdAndAResponseWithoutMethod) {
  const MessageHead request = head_of(R"({"id":7,"method":"m"})");
  EXPECT_EQ(request.kind, MessageKind::request);
  EXPECT_EQ(request.id, RequestId(7));
  EXPECT_EQ(request.method, "m");

  const MessageHead notification = head_of(R"({"method":"m"})");
  EXPECT_EQ(notification.kind, MessageKind::notification);
  EXPECT_EQ(notification.id, std::nullopt);

  const MessageHead response = head_of(R"({"id":"a","result":null})");
  EXPECT_EQ(response.kind, MessageKind::response);
  EXPECT_EQ(response.id, RequestId("a"));
  EXPECT_EQ(head_of(R"({"id":null,"error":{}})").kind, MessageKind::response);
}

TEST(Message, SaysWhyItCannotBeRead) {
  EXPECT_EQ(head_of("{").code, RpcError::parse_error);
  for (const char* text :
       {"1", "[]", "{}", R"({"id":1})", R"({"method":1})", R"({"method":"m","id":1.5})",
        R"({"method":"m","id":null})", R"({"method":"m","id":18446744073709551615})"}) {
    const MessageHead head = head_of(text);
    EXPECT_EQ(head.kind, MessageKind::unreadable) << text;
    EXPECT_EQ(head.code, RpcError::invalid_request) << text;
    EXPECT_FALSE(head.problem.empty()) << text;
  }
}

TEST(Message, HasEmptyParametersWhereNoneAreGiven) {
  EXPECT_EQ(params_of(parse_json(R"({"method":"m"})")), Json::object());
  EXPECT_EQ(params_of(parse_json(R"({"method":"m","params":null})")), Json::object());
  EXPECT_EQ(params_of(parse_json(R"({"method":"m","params":[1]})")), Json::array({1}));
}

TEST(Message, IsReadAsWhatItWasMadeAs) {
  EXPECT_EQ(read_head(request_message(1, "m", {})).kind, MessageKind::request);
  EXPECT_EQ(read_head(notification_message("m", {})).kind, MessageKind::notification);
  EXPECT_EQ(read_head(result_message(1, nullptr)).kind, MessageKind::response);
  EXPECT_EQ(read_head(error_message(1, RpcError::invalid_params, "")).kind, MessageKind::response);
}

}  // namespace
}  // namespace fathom::lsp

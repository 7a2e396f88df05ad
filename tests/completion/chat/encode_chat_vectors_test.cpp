// Every conversation that the models' own templates and encoders were asked to render.

#include <algorithm>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "completion/chat/encode_chat.h"
#include "engine/models/chat_traits.h"
#include "tests/support/golden.h"
#include "tests/support/golden_tokenizer.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;
using engine::ChatFormat;
using engine::TokenId;
using engine::Tokenizer;
using Json = nlohmann::ordered_json;

ChatRole role_of(const std::string& name) {
  if (name == "system") return ChatRole::system;
  if (name == "assistant") return ChatRole::assistant;
  return name == "tool" ? ChatRole::tool : ChatRole::user;
}

ChatMessage message_of(const Json& json) {
  ChatMessage message{.role = role_of(json.at("role"))};
  if (json.at("content").is_string()) message.content = json.at("content");
  message.reasoning = json.value("reasoning_content", "");
  message.tool_call_id = json.value("tool_call_id", "");
  for (const Json& call : json.value("tool_calls", Json::array())) {
    const Json& function = call.at("function");
    message.tool_calls.push_back({.id = call.at("id"),
                                  .type = call.at("type"),
                                  .name = function.at("name"),
                                  .arguments = function.at("arguments")});
  }
  for (const Json& tool : json.value("tools", Json::array()))
    message.tools.push_back(tool.at("function").dump());
  return message;
}

ChatOptions options_of(const Json& row) {
  bool thinking = row.value("thinking_mode", "chat") == "thinking";
  if (row.contains("kwargs")) thinking = row.at("kwargs").at("thinking");
  return {.thinking = thinking, .adds_generation_prompt = row.value("add_generation_prompt", true)};
}

/// Whether a message spells out a special token, which here stays text.
bool spells_special(const std::vector<ChatMessage>& messages, const Tokenizer& tokenizer) {
  return std::any_of(messages.begin(), messages.end(), [&](const ChatMessage& message) {
    return message.content && tokenizer.find_spelled(*message.content);
  });
}

struct Row {
  std::string file;       // of golden/chat-templates
  std::string tokenizer;  // of golden
  ChatFormat format;
};

void check_row(const Json& row, const engine::ChatTraits& chat, const Tokenizer& tokenizer) {
  SCOPED_TRACE(row.at("conversation").get<std::string>() + " " +
               Json(row.value("kwargs", Json())).dump() + row.value("thinking_mode", ""));
  std::vector<ChatMessage> messages;
  for (const Json& message : row.at("messages")) messages.push_back(message_of(message));
  auto ids = encode_chat(messages, options_of(row), chat, tokenizer);
  if (row.contains("error")) {
    ASSERT_FALSE(ids);
    EXPECT_FALSE(ids.error().message.empty());
    return;
  }
  ASSERT_TRUE(ids) << ids.error().message;
  const TokenId bos = tokenizer.special(engine::SpecialRole::bos).value();
  EXPECT_EQ(std::count(ids->begin(), ids->end(), bos), 1);
  const std::vector<TokenId> expected = row.at("ids");
  // VL2's template leaves BOS to the tokenizer.
  if (expected.front() != bos) ids->erase(ids->begin());

  std::string written;
  for (const TokenId id : *ids) written += tokenizer.bytes(id);
  EXPECT_EQ(written, row.at("rendered").get<std::string>());
  if (spells_special(messages, tokenizer)) return;
  EXPECT_EQ(*ids, expected);
}

class ChatVectors : public testing::TestWithParam<Row> {};

TEST_P(ChatVectors, HoldForEveryConversation) {
  const fs::path path =
      engine::shared_folder() / "golden/chat-templates" / (GetParam().file + ".json");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not part of this project (FATHOM_SHARED)";
  const Json vectors = Json::parse(std::ifstream(path));
  const auto tokenizer =
      engine::golden_tokenizer(GetParam().tokenizer, vectors.value("chat_template", ""));
  ASSERT_TRUE(tokenizer);
  const auto chat = engine::read_chat_traits(*tokenizer, GetParam().file);
  ASSERT_TRUE(chat) << "the template is not recognised";
  EXPECT_EQ(name_of(chat->format), name_of(GetParam().format));
  ASSERT_GE(vectors.at("vectors").size(), 16u);
  for (const Json& row : vectors.at("vectors")) check_row(row, *chat, *tokenizer);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, ChatVectors,
    testing::Values(Row{"deepseek-coder-instruct", "deepseek-coder", ChatFormat::deepseek_coder},
                    Row{"deepseek-vl2-small", "deepseek-vl2-small", ChatFormat::deepseek_vl2},
                    Row{"deepseek-v2", "deepseek-v2", ChatFormat::deepseek_v2},
                    Row{"deepseek-v2.5", "deepseek-v2.5", ChatFormat::deepseek_v2_5},
                    Row{"deepseek-v3", "deepseek-v3", ChatFormat::deepseek_v3},
                    Row{"deepseek-r1", "deepseek-r1", ChatFormat::deepseek_r1},
                    Row{"r1-distill-llama", "r1-distill-llama", ChatFormat::r1_distill},
                    Row{"r1-distill-qwen", "r1-distill-qwen", ChatFormat::r1_distill},
                    Row{"r1-0528-qwen3", "r1-0528-qwen3", ChatFormat::r1_0528},
                    Row{"deepseek-v3.1", "deepseek-v3.1", ChatFormat::deepseek_v3_1},
                    Row{"deepseek-v3.2", "deepseek-v3.2", ChatFormat::deepseek_v3_2},
                    Row{"deepseek-v4", "deepseek-v4", ChatFormat::deepseek_v4}),
    [](const testing::TestParamInfo<Row>& row) {
      std::string name = row.param.file;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
      return name;
    });

}  // namespace
}  // namespace fathom::completion

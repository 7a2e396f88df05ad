#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/models/fim_traits.h"
#include "engine/read_traits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Le;

ModelTraits traits_of(const fs::path& path) {
  const auto checkpoint = Checkpoint::open(path);
  if (!checkpoint) {
    ADD_FAILURE() << checkpoint.error().message;
    return {};
  }
  const auto tokenizer = Tokenizer::load(**checkpoint);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return {};
  }
  const auto traits = read_traits(**checkpoint, **tokenizer);
  if (!traits) {
    ADD_FAILURE() << traits.error().message;
    return {};
  }
  return *traits;
}

TEST(Traits, OfTheBuiltInModelAreThoseOfItsCard) {
  const ModelTraits traits = traits_of("models/nano/fathom-nano.gguf");
  EXPECT_EQ(traits.name, "fathom-nano");
  EXPECT_EQ(traits.architecture, "deepseek2");
  EXPECT_EQ(traits.context_length, 4096);
  EXPECT_EQ(traits.vocab_size, 8192);
  EXPECT_TRUE(traits.adds_bos);
  EXPECT_EQ(traits.bos, 0);
  EXPECT_THAT(traits.end_tokens, ElementsAre(1, 10)) << "end of sentence, and <|EOT|>";

  ASSERT_TRUE(traits.fim);
  EXPECT_EQ(traits.fim->begin, 4);
  EXPECT_EQ(traits.fim->hole, 3);
  EXPECT_EQ(traits.fim->end, 5);
  EXPECT_TRUE(traits.fim->line_anchored);
  EXPECT_EQ(traits.fim->path_prefix, "#");
}

TEST(Traits, OfTheBuiltInModelOpenTheReasoningAndAreGreedy) {
  const ModelTraits traits = traits_of("models/nano/fathom-nano.gguf");
  ASSERT_TRUE(traits.chat);
  EXPECT_EQ(traits.chat->format, ChatFormat::r1_distill);
  EXPECT_EQ(traits.chat->reasoning, Reasoning::always);
  EXPECT_TRUE(traits.chat->think_begin && traits.chat->think_end);
  EXPECT_EQ(traits.chat->temperature, 0.0f);
  EXPECT_FALSE(traits.has_unknown_chat_template);
}

TEST(Traits, LeaveTheReasoningToTheModelWhereTheTemplateDoes) {
  const ModelTraits traits = traits_of("tests/data/golden/deepseek-v3");
  EXPECT_EQ(traits.name, "deepseek-v3");
  EXPECT_EQ(traits.architecture, "DeepseekV3ForCausalLM");
  EXPECT_EQ(traits.context_length, 2560);
  ASSERT_TRUE(traits.chat);
  EXPECT_EQ(traits.chat->reasoning, Reasoning::none);
  ASSERT_TRUE(traits.fim);
  EXPECT_FALSE(traits.fim->line_anchored);
}

/// The tiny DeepSeek-V3 checkpoint with files of its own beside it.
class EditedFolder : public ::testing::Test {
 protected:
  EditedFolder()
      : folder_(fs::temp_directory_path() / ("traits-test-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (const char* name :
         {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
      fs::copy_file(fs::path("tests/data/golden/deepseek-v3") / name, folder_ / name);
  }
  ~EditedFolder() override { fs::remove_all(folder_); }

  void write(const char* name, std::string_view text) const {
    fs::remove(folder_ / name);
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  const fs::path folder_;
};

TEST_F(EditedFolder, MayListMoreEndTokensInItsGenerationConfig) {
  write("generation_config.json", R"({"eos_token_id": [1, 42, 99999999, -1, "x"]})");
  EXPECT_THAT(traits_of(folder_).end_tokens, Contains(42));
  EXPECT_THAT(traits_of(folder_).end_tokens, Each(AllOf(Ge(0), Le(511))));

  write("generation_config.json", R"({"eos_token_id": 43})");
  EXPECT_THAT(traits_of(folder_).end_tokens, Contains(43));

  write("generation_config.json", "not JSON");
  EXPECT_THAT(traits_of(folder_).end_tokens, Contains(1));
}

TEST_F(EditedFolder, IsRecognisedByWhatIsWrittenInItsTemplate) {
  const std::string user = "'<\uff5cUser\uff5c>'";
  const std::string assistant = "<\uff5cAssistant\uff5c>";
  const std::pair<std::string, ChatFormat> cases[] = {
      {"{{bos_token}}'### Instruction:\n' '### Response:\n'", ChatFormat::deepseek_coder},
      {"'### Instruction:\n' '### Response:\n'", ChatFormat::deepseek_vl2},
      {"'User: ' + content '\n\n' 'Assistant: '", ChatFormat::deepseek_v2},
      {user + "'" + assistant + "'", ChatFormat::deepseek_v2_5},
      {"ns.is_first_sp" + user + "'" + assistant + "'", ChatFormat::deepseek_v3},
      {"ns.is_first_sp" + user + "'" + assistant + "<think>\\n'", ChatFormat::deepseek_r1},
      {user + "'" + assistant + "<think>\n'", ChatFormat::r1_distill},
      {user + " + content + '" + assistant + "'", ChatFormat::r1_0528},
      {user + assistant + "{% if not thinking %}{{'</think>'}}", ChatFormat::deepseek_v3_1},
      {"'<|im_start|>' + message.role", ChatFormat::chatml},
  };
  for (const auto& [text, format] : cases) {
    write("chat_template.jinja", text);
    const ModelTraits traits = traits_of(folder_);
    ASSERT_TRUE(traits.chat) << text;
    EXPECT_EQ(name_of(traits.chat->format), name_of(format)) << text;
    EXPECT_FALSE(traits.has_unknown_chat_template);
  }
}

TEST_F(EditedFolder, HasNoChatFormatIfItsTemplateIsNotKnown) {
  write("chat_template.jinja", "{% for m in messages %}[INST]{{ m.content }}[/INST]{% endfor %}");
  const ModelTraits traits = traits_of(folder_);
  EXPECT_FALSE(traits.chat);
  EXPECT_TRUE(traits.has_unknown_chat_template);
}

TEST_F(EditedFolder, IsABaseModelWithoutATemplate) {
  write("tokenizer_config.json", R"({"add_bos_token": true})");
  const ModelTraits traits = traits_of(folder_);
  EXPECT_FALSE(traits.chat);
  EXPECT_FALSE(traits.has_unknown_chat_template);
}

TEST_F(EditedFolder, IsSampledAsReasoningModelsShouldBe) {
  write("chat_template.jinja", "'<\uff5cUser\uff5c>' '<\uff5cAssistant\uff5c><think>\n'");
  const ModelTraits traits = traits_of(folder_);
  ASSERT_TRUE(traits.chat);
  EXPECT_EQ(traits.chat->reasoning, Reasoning::always);
  EXPECT_EQ(traits.chat->temperature, 0.6f);
  EXPECT_EQ(traits.chat->top_p, 0.95f);
}

TEST(FimTraits, AreRefusedToModelsThatWereNotTrainedForThem) {
  const auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
  ASSERT_TRUE(tokenizer);
  const std::optional<ChatTraits> base;
  const ChatTraits instruct = {.format = ChatFormat::deepseek_coder};
  const ChatTraits reasoner = {.format = ChatFormat::deepseek_r1, .reasoning = Reasoning::always};
  struct Case {
    std::string names;
    std::optional<ChatTraits> chat;
    std::string refusal;
  };
  const Case cases[] = {
      {"fathom-nano", reasoner, ""},
      {"deepseek-coder-1.3b-base", base, ""},
      {"deepseek-coder-6.7b-base", instruct, ""},
      {"deepseek-coder-6.7b-instruct", instruct, "it is an instruct model"},
      {"deepseek-coder-7b-base-v1.5", base,
       "DeepSeek-Coder v1.5 was trained on the next token alone"},
      {"deepseek-coder-v2-lite-base", base, ""},
      {"deepseek-coder-v2-lite-instruct", base, "it is an instruct model"},
      {"deepseek-coder-v2-base", base, "of DeepSeek-Coder-V2, only Lite was"},
      {"deepseek-v2-chat", base, "it is a chat model"},
      {"deepseek-v2-lite", base, ""},
      {"deepseek-llm-7b-base", base, "DeepSeek-LLM was trained on the next token alone"},
      {"deepseek-v3-base", base, ""},
      {"deepseek-r1", reasoner, "it is a reasoning model"},
      {"deepseek-r1-distill-qwen-7b", reasoner, "it is a reasoning model"},
      {"qwen2.5-coder-7b", base, ""},
      {"qwen2.5-coder-7b/instruct", base, "it is an instruct model"},
      {"qwen2.5-7b", base, "of Qwen's models, only Coder was"},
      {"my-own-model", base, ""},
      {"model", instruct, "its chat template is that of an instruct model"},
      {"model", reasoner, "its chat template is that of a reasoning model"},
  };
  for (const Case& c : cases) {
    const FimReading reading = read_fim_traits(**tokenizer, c.names, c.chat, false);
    EXPECT_EQ(reading.refusal, c.refusal) << c.names;
    EXPECT_EQ(reading.fim.has_value(), c.refusal.empty()) << c.names;
    const FimReading forced = read_fim_traits(**tokenizer, c.names, c.chat, true);
    EXPECT_TRUE(forced.fim) << c.names;
    EXPECT_EQ(forced.refusal, "");
  }
}

TEST_F(EditedFolder, IsNamedByItsConfigToo) {
  std::ifstream in(folder_ / "config.json");
  std::string config{std::istreambuf_iterator<char>(in), {}};
  config.insert(config.find('{') + 1, R"("_name_or_path": "/data/x/DeepSeek_Coder 33B-Instruct",)");
  write("config.json", config);
  const ModelTraits traits = traits_of(folder_);
  EXPECT_FALSE(traits.fim);
  EXPECT_EQ(traits.fim_refusal, "it is an instruct model");
}

TEST_F(EditedFolder, SaysWhichSystemMessageQwenBrings) {
  write(
      "chat_template.jinja",
      "'<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.'");
  EXPECT_EQ(traits_of(folder_).chat->default_system,
            "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.");
}

}  // namespace
}  // namespace fathom::engine

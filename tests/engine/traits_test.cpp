#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/models/read_traits.h"
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

/// "<12>" for a token, "MESSAGE" for the user's message, text as it is.
std::string written(const std::vector<ChatPiece>& prompt) {
  std::string text;
  for (const ChatPiece& piece : prompt) {
    if (const auto* id = std::get_if<TokenId>(&piece)) text += fmt::format("<{}>", *id);
    if (const auto* literal = std::get_if<std::string>(&piece)) text += *literal;
    if (std::holds_alternative<UserMessage>(piece)) text += "MESSAGE";
  }
  return text;
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

TEST(Traits, OpenTheReasoningWhereTheTemplateDoes) {
  const ModelTraits traits = traits_of("models/nano/fathom-nano.gguf");
  ASSERT_TRUE(traits.chat);
  EXPECT_TRUE(traits.chat->opens_reasoning);
  ASSERT_TRUE(traits.chat->think_begin && traits.chat->think_end);
  EXPECT_EQ(written(traits.chat->prompt),
            fmt::format("<6>MESSAGE<7><{}>\n", *traits.chat->think_begin));
}

TEST(Traits, LeaveTheReasoningToTheModelWhereTheTemplateDoes) {
  const ModelTraits traits = traits_of("tests/data/golden/deepseek-v3");
  EXPECT_EQ(traits.name, "deepseek-v3");
  EXPECT_EQ(traits.architecture, "DeepseekV3ForCausalLM");
  EXPECT_EQ(traits.context_length, 2560);
  ASSERT_TRUE(traits.chat);
  EXPECT_FALSE(traits.chat->opens_reasoning);
  ASSERT_EQ(traits.chat->prompt.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<UserMessage>(traits.chat->prompt[1]));
  ASSERT_TRUE(traits.fim);
  EXPECT_FALSE(traits.fim->line_anchored);
}

/// The tiny DeepSeek-V3 checkpoint with files of its own beside it.
class EditedFolder : public ::testing::Test {
 protected:
  EditedFolder()
      : folder_(fs::temp_directory_path() / ("fathom-traits-test-" + std::to_string(::getpid()))) {
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

TEST_F(EditedFolder, MaySpellTheNewlineOfItsTemplateAsAnEscape) {
  // As DeepSeek-R1's: the template is a string of Jinja source inside JSON.
  write("tokenizer_config.json", R"({"add_bos_token": true, "chat_template":
      "{{'<\uff5cAssistant\uff5c>'}}{% if add_generation_prompt and not ns.is_tool %}{{'<\uff5cAssistant\uff5c><think>\\n'}}{% endif %}"})");
  const ModelTraits traits = traits_of(folder_);
  ASSERT_TRUE(traits.chat);
  EXPECT_TRUE(traits.chat->opens_reasoning);
}

}  // namespace
}  // namespace fathom::engine

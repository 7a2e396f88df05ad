#include "engine/tokenizer/tokenizer.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"
#include "tests/engine/gguf_bytes.h"
#include "tests/support/golden.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using TokenizerPtr = std::shared_ptr<const Tokenizer>;

TokenizerPtr load_json(const fs::path& path) {
  auto tokenizer = Tokenizer::load(path);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return nullptr;
  }
  return *tokenizer;
}

TokenizerPtr load_gguf(const fs::path& path) {
  const auto checkpoint = Checkpoint::open(path);
  if (!checkpoint) {
    ADD_FAILURE() << checkpoint.error().message;
    return nullptr;
  }
  auto tokenizer = Tokenizer::load(**checkpoint);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return nullptr;
  }
  return *tokenizer;
}

const TokenizerPtr& tiny() {
  static const TokenizerPtr tokenizer = load_json("tests/data/tokenizer-tiny/tokenizer.json");
  return tokenizer;
}

std::vector<TokenId> encode_with_special(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<TokenId> ids;
  tokenizer.encode_with_special(text, ids);
  return ids;
}

/// Data that the project may not carry: nothing where it is absent.
std::optional<fs::path> shared_golden(const std::string& name) {
  const fs::path path = shared_folder() / "golden" / name;
  return fs::exists(path) ? std::optional(path) : std::nullopt;
}

// ---- Against other implementations ----

/// Whether `id` is one that text without spelled-out added tokens cannot give: a special token, or
/// a byte that UTF-8 never uses and that other tokenizers take for a letter.
bool is_from_spelling(const Tokenizer& tokenizer, TokenId id) {
  const std::string_view bytes = tokenizer.bytes(id);
  if (tokenizer.is_special(id)) return true;
  const int byte = bytes.size() == 1 ? static_cast<unsigned char>(bytes[0]) : 0;
  return byte == 0xc0 || byte == 0xc1 || byte >= 0xf5;
}

/// Every string of a file of vectors by Hugging Face's tokenizers or llama.cpp, which find added
/// tokens in text.
void check_vectors(const Tokenizer& tokenizer, const fs::path& json) {
  const auto vectors = nlohmann::json::parse(std::ifstream(json));
  int n_plain = 0;
  for (const auto& row : vectors.at("strings")) {
    const std::string text = row.at("text");
    const std::vector<TokenId> expected = row.at("ids");
    EXPECT_EQ(encode_with_special(tokenizer, text), expected) << "text: " << text;
    const std::vector<TokenId> plain = tokenizer.encode(text);
    EXPECT_EQ(tokenizer.decode(plain), text);
    if (std::none_of(expected.begin(), expected.end(),
                     [&](TokenId id) { return is_from_spelling(tokenizer, id); })) {
      EXPECT_EQ(plain, expected) << "text: " << text;
      ++n_plain;
    }
  }
  EXPECT_GT(n_plain, 40);
}

TEST(TokenizerVectors, HoldForTheTinyTokenizer) {
  check_vectors(*tiny(), "tests/data/tokenizer-tiny/vectors.json");
}

TEST(TokenizerVectors, HoldForTheTinyTokenizerInGguf) {
  const TokenizerPtr gguf = load_gguf("tests/data/golden/gguf/qwen2-tied-F16.gguf");
  ASSERT_TRUE(gguf);
  check_vectors(*gguf, "tests/data/tokenizer-tiny/vectors.json");
}

TEST(TokenizerVectors, HoldForTheBuiltInModel) {
  const TokenizerPtr gguf = load_gguf("models/nano/fathom-nano.gguf");
  ASSERT_TRUE(gguf);
  const auto golden = nlohmann::json::parse(std::ifstream("models/nano/golden.json"));
  for (const auto& prompt : golden.at("prompts")) {
    const std::vector<TokenId> expected = prompt.at("ids");
    EXPECT_EQ(encode_with_special(*gguf, prompt.at("prompt").get<std::string>()), expected);
  }
}

TEST(TokenizerVectors, AgreeBetweenTheTwoFormsOfTheBuiltInModel) {
  const fs::path json = shared_folder() / "models/nano/hf/tokenizer.json";
  if (!fs::exists(json)) GTEST_SKIP() << json << " is not here; set FATHOM_SHARED to where it is";
  const TokenizerPtr from_json = load_json(json);
  const TokenizerPtr from_gguf = load_gguf("models/nano/fathom-nano.gguf");
  ASSERT_TRUE(from_json && from_gguf);
  ASSERT_EQ(from_json->vocab_size(), from_gguf->vocab_size());
  for (TokenId id = 0; id < from_json->vocab_size(); ++id) {
    ASSERT_EQ(from_json->bytes(id), from_gguf->bytes(id)) << id;
    ASSERT_EQ(from_json->is_special(id), from_gguf->is_special(id)) << id;
  }
  const auto vectors =
      nlohmann::json::parse(std::ifstream("tests/data/tokenizer-tiny/vectors.json"));
  for (const auto& row : vectors.at("strings")) {
    const std::string text = row.at("text");
    EXPECT_EQ(from_json->encode(text), from_gguf->encode(text));
  }
  for (const SpecialRole role :
       {SpecialRole::bos, SpecialRole::eos, SpecialRole::pad, SpecialRole::end_of_turn,
        SpecialRole::fim_begin, SpecialRole::fim_hole, SpecialRole::fim_end, SpecialRole::user,
        SpecialRole::assistant, SpecialRole::think_begin, SpecialRole::think_end}) {
    EXPECT_TRUE(from_json->special(role));
    EXPECT_EQ(from_json->special(role), from_gguf->special(role));
  }
  EXPECT_EQ(from_json->chat_template(), from_gguf->chat_template());
  EXPECT_TRUE(from_json->adds_bos() && from_gguf->adds_bos());
}

// ---- What encode() promises ----

TEST(Tokenizer, GivesBackEveryByteOfEveryText) {
  std::mt19937 random(7);
  const auto check = [](const std::string& text) {
    EXPECT_EQ(tiny()->decode(tiny()->encode(text)), text);
  };
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  check(all_bytes);
  check("");
  check("\xff\xfe half \xe2\x96 a character \xed\xa0\x80 a surrogate \xf4\x90\x80\x80 too high");
  for (int i = 0; i < 200; ++i) {
    std::string text(random() % 100, '\0');
    for (char& c : text) c = static_cast<char>(random() % (i % 2 ? 256 : 128));
    check(text);
  }
}

TEST(Tokenizer, NeverTurnsTextIntoSpecialTokens) {
  for (TokenId special = 0; special < tiny()->vocab_size(); ++special) {
    if (!tiny()->is_special(special)) continue;
    const std::string spelling(tiny()->bytes(special));
    for (const TokenId id : tiny()->encode("x" + spelling + spelling + "\n"))
      EXPECT_FALSE(tiny()->is_special(id)) << spelling;
    EXPECT_EQ(tiny()->decode(tiny()->encode(spelling)), spelling);
    EXPECT_EQ(encode_with_special(*tiny(), spelling), std::vector<TokenId>{special});
  }
}

TEST(Tokenizer, LeavesSpecialTokensOutOfDecodedText) {
  std::vector<TokenId> ids = tiny()->encode("a");
  ids.push_back(*tiny()->special(SpecialRole::eos));
  ids.push_back(-1);
  ids.push_back(tiny()->vocab_size());
  EXPECT_EQ(tiny()->decode(ids), "a");
}

TEST(Tokenizer, AppendsToWhatIsThere) {
  std::vector<TokenId> ids = {*tiny()->special(SpecialRole::bos)};
  tiny()->encode("ab", ids);
  EXPECT_EQ(ids.size(), 1 + tiny()->encode("ab").size());
  EXPECT_EQ(ids[0], *tiny()->special(SpecialRole::bos));
}

TEST(Tokenizer, KnowsTokensByRoleAndSpelling) {
  EXPECT_EQ(tiny()->special(SpecialRole::bos), 0);
  EXPECT_EQ(tiny()->special(SpecialRole::eos), 1);
  EXPECT_EQ(tiny()->special(SpecialRole::fim_hole), 495);
  EXPECT_EQ(tiny()->special(SpecialRole::fim_begin), 496);
  EXPECT_EQ(tiny()->special(SpecialRole::fim_end), 497);
  EXPECT_EQ(tiny()->special(SpecialRole::think_end), 511);
  EXPECT_EQ(tiny()->find_special("<|EOT|>"), 500);
  EXPECT_EQ(tiny()->find_special("the"), std::nullopt);
  EXPECT_EQ(tiny()->bytes(500), "<|EOT|>");
  EXPECT_EQ(tiny()->bytes(-1), "");
  EXPECT_EQ(tiny()->vocab_size(), 512);
  EXPECT_TRUE(tiny()->adds_bos());
  EXPECT_THAT(tiny()->chat_template(), HasSubstr("bos_token"));
  EXPECT_EQ(tiny()->special(SpecialRole::pad), 1);  // tokenizer_config.json goes before spelling
}

TEST(Tokenizer, EncodesOnManyThreadsAtOnce) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "int value_" + std::to_string(i) + " = 0;  // \xc3\xb6\n";
  const std::vector<TokenId> expected = tiny()->encode(text);
  std::vector<std::vector<TokenId>> got(4);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : got) threads.emplace_back([&] { ids = tiny()->encode(text); });
  }
  for (const auto& ids : got) EXPECT_EQ(ids, expected);
}

/// Texts whose cost would be quadratic in a careless tokenizer.
TEST(Tokenizer, TakesLongRunsInStride) {
  std::vector<TokenizerPtr> tokenizers = {tiny()};
  if (const auto folder = shared_golden("tokenizer-deepseek-llm"))
    tokenizers.push_back(load_json(*folder / "tokenizer.json"));
  const size_t n = 300'000;
  std::string mixed;
  while (mixed.size() < n) mixed += "f(x)+=1; ";
  const std::string texts[] = {
      std::string(n, 'a'),       std::string(n, ' '),    std::string(n, ' ') + "x",
      std::string(n, ' ') + "5", std::string(n, '\n'),   std::string(n, '('),
      std::string(n, '7'),       std::string(n, '\xff'), mixed};
  for (const TokenizerPtr& tokenizer : tokenizers) {
    ASSERT_TRUE(tokenizer);
    for (const std::string& text : texts) {
      const auto start = std::chrono::steady_clock::now();
      const std::vector<TokenId> ids = tokenizer->encode(text);
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
      EXPECT_EQ(tokenizer->decode(ids), text);
      // A quadratic one takes minutes; the rest is for sanitizers and busy machines.
      EXPECT_LT(spent.count(), 10.0) << "text: " << text.substr(n - 3);
    }
  }
}

// ---- What load() refuses ----

/// The tiny tokenizer.json, changed by `edit`, loaded from a folder of its own.
Result<TokenizerPtr> load_edited(const std::function<void(nlohmann::json&)>& edit,
                                 const std::string& config = "") {
  auto json = nlohmann::json::parse(std::ifstream("tests/data/tokenizer-tiny/tokenizer.json"));
  edit(json);
  const fs::path folder =
      fs::temp_directory_path() / ("fathom-tokenizer-test-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "tokenizer.json") << json;
  if (!config.empty()) std::ofstream(folder / "tokenizer_config.json") << config;
  auto tokenizer = Tokenizer::load(folder / "tokenizer.json");
  fs::remove_all(folder);
  return tokenizer;
}

void check_refused(ErrorCode code, const std::string& what,
                   const std::function<void(nlohmann::json&)>& edit) {
  const auto tokenizer = load_edited(edit);
  ASSERT_FALSE(tokenizer) << "should say: " << what;
  EXPECT_EQ(tokenizer.error().code, code) << tokenizer.error().message;
  EXPECT_THAT(tokenizer.error().message, AllOf(HasSubstr("tokenizer.json: "), HasSubstr(what)));
}

using Json = nlohmann::json;

TEST(TokenizerJson, RefusesModelsThatAreNotByteLevelBpe) {
  const ErrorCode unsupported = ErrorCode::unsupported;
  check_refused(unsupported, "'Unigram'", [](Json& j) { j["model"]["type"] = "Unigram"; });
  check_refused(unsupported, "byte_fallback", [](Json& j) { j["model"]["byte_fallback"] = true; });
  check_refused(unsupported, "dropout", [](Json& j) { j["model"]["dropout"] = 0.1; });
  check_refused(unsupported, "end_of_word_suffix",
                [](Json& j) { j["model"]["end_of_word_suffix"] = "</w>"; });
  check_refused(unsupported, "'decoder'", [](Json& j) { j["decoder"]["type"] = "Metaspace"; });
  check_refused(unsupported, "'Lowercase'", [](Json& j) {
    j["normalizer"] = {{"type", "Lowercase"}};
  });
}

TEST(TokenizerJson, RefusesVocabulariesThatAreNotWhole) {
  const ErrorCode corrupt = ErrorCode::corrupt;
  check_refused(corrupt, "'model' is missing", [](Json& j) { j.erase("model"); });
  check_refused(corrupt, "'model.vocab' is missing", [](Json& j) { j["model"].erase("vocab"); });
  check_refused(corrupt, "no token stands for the byte 0x61", [](Json& j) {
    j["model"]["vocab"].erase("a");
    j["model"]["merges"].clear();
  });
  check_refused(corrupt, "names an unknown token", [](Json& j) {
    j["model"]["merges"].push_back({"q", "qqq"});
  });
  check_refused(corrupt, "is not a pair", [](Json& j) { j["model"]["merges"].push_back("qq"); });
  check_refused(corrupt, "is not a pair", [](Json& j) { j["model"]["merges"].push_back(7); });
  check_refused(corrupt, "have the same id", [](Json& j) { j["model"]["vocab"]["new"] = 100; });
  check_refused(corrupt, "is not a number from 0",
                [](Json& j) { j["model"]["vocab"]["new"] = -1; });
  check_refused(corrupt, "is not a number from 0",
                [](Json& j) { j["model"]["vocab"]["new"] = {1}; });
  check_refused(corrupt, "is not a number below",
                [](Json& j) { j["model"]["vocab"]["x"] = 1 << 20; });
  check_refused(corrupt, "'model.vocab' is missing", [](Json& j) { j["model"]["vocab"] = 7; });
  check_refused(corrupt, "is not a number below",
                [](Json& j) { j["added_tokens"][0]["id"] = 1'000'000'000; });
  check_refused(corrupt, "have the same id", [](Json& j) { j["added_tokens"][0]["id"] = 100; });
  check_refused(corrupt, "without content", [](Json& j) { j["added_tokens"][0]["content"] = ""; });
}

TEST(TokenizerJson, RefusesPreTokenizersThatItCannotFollow) {
  const auto step = [](Json& j, int i) -> Json& { return j["pre_tokenizer"]["pretokenizers"][i]; };
  const ErrorCode unsupported = ErrorCode::unsupported;
  check_refused(unsupported, "'Metaspace'", [&](Json& j) { step(j, 0)["type"] = "Metaspace"; });
  check_refused(unsupported, "removes text", [&](Json& j) { step(j, 0)["behavior"] = "Removed"; });
  check_refused(unsupported, "regular expression",
                [&](Json& j) { step(j, 0)["pattern"]["Regex"] = "(a"; });
  check_refused(unsupported, "add_prefix_space",
                [&](Json& j) { step(j, 3)["add_prefix_space"] = true; });
  check_refused(unsupported, "no ByteLevel",
                [](Json& j) { j["pre_tokenizer"]["pretokenizers"].erase(3); });
  check_refused(unsupported, "is missing", [](Json& j) { j["pre_tokenizer"] = nullptr; });
  check_refused(ErrorCode::corrupt, "wrong type", [&](Json& j) { step(j, 0)["behavior"] = 3; });
  check_refused(ErrorCode::corrupt, "without a pattern",
                [&](Json& j) { step(j, 0).erase("pattern"); });
}

TEST(TokenizerJson, SaysWhatAFileIsNot) {
  const auto absent = Tokenizer::load("tests/data/absent/tokenizer.json");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  const auto text = Tokenizer::load("CMakeLists.txt");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::corrupt);
  EXPECT_THAT(text.error().message, HasSubstr("CMakeLists.txt: is not JSON"));
}

TEST(TokenizerJson, ReadsMergesInBothForms) {
  const auto tokenizer = load_edited([](Json& j) {
    for (Json& merge : j["model"]["merges"])
      merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  });
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("int main() {}"), tiny()->encode("int main() {}"));
}

TEST(TokenizerJson, NeverMergesTextIntoASpecialToken) {
  const auto tokenizer = load_edited([](Json& j) {
    const int id = j["model"]["vocab"]["in"];
    j["added_tokens"].push_back({{"id", id}, {"content", "in"}, {"special", true}});
  });
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  for (const TokenId id : (*tokenizer)->encode("in index"))
    EXPECT_FALSE((*tokenizer)->is_special(id));
  EXPECT_EQ((*tokenizer)->decode((*tokenizer)->encode("in index")), "in index");
}

TEST(TokenizerJson, PrefersWholeTokensWhereTheModelIgnoresMerges) {
  const auto without_merges = [](bool ignore) {
    return [ignore](Json& j) {
      j["model"]["merges"].clear();
      j["model"]["ignore_merges"] = ignore;
    };
  };
  const auto whole = load_edited(without_merges(true));
  const auto bytes = load_edited(without_merges(false));
  ASSERT_TRUE(whole && bytes);
  EXPECT_EQ((*whole)->encode("in").size(), 1u);
  EXPECT_EQ((*bytes)->encode("in").size(), 2u);
}

TEST(TokenizerJson, ReadsTheTemplateInEveryForm) {
  const auto no_edit = [](Json&) {};
  const auto plain = load_edited(no_edit, R"({"chat_template": "T"})");
  const auto named = load_edited(no_edit, R"({"chat_template": [{"name": "tool", "template": "U"},
      {"name": "default", "template": "T"}], "bos_token": {"content": "<|EOT|>"}})");
  const auto none = load_edited(no_edit);
  ASSERT_TRUE(plain && named && none);
  EXPECT_EQ((*plain)->chat_template(), "T");
  EXPECT_EQ((*named)->chat_template(), "T");
  EXPECT_EQ((*named)->special(SpecialRole::bos), 500);
  EXPECT_EQ((*none)->chat_template(), "");
  EXPECT_FALSE((*none)->adds_bos());
}

TEST(TokenizerGguf, RefusesMetadataThatIsNoTokenizer) {
  const auto check = [](const GgufBytes& image, ErrorCode code, const std::string& what) {
    const auto checkpoint = Checkpoint::open_memory(image.bytes(), "x.gguf");
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    const auto tokenizer = Tokenizer::load(**checkpoint);
    ASSERT_FALSE(tokenizer) << "should say: " << what;
    EXPECT_EQ(tokenizer.error().code, code);
    EXPECT_THAT(tokenizer.error().message, AllOf(HasSubstr("x.gguf: "), HasSubstr(what)));
  };
  const auto image = [](int n) {
    GgufBytes bytes(0, static_cast<uint64_t>(n));
    bytes.architecture();
    return bytes;
  };
  const auto gpt2 = [&](int n, const std::string& pre) {
    GgufBytes bytes = image(n);
    bytes.value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", pre);
    return bytes;
  };
  check(image(1), ErrorCode::unsupported, "tokenizer.ggml.model");
  check(image(2).value("tokenizer.ggml.model", "llama"), ErrorCode::unsupported, "'llama'");
  check(image(2).value("tokenizer.ggml.model", "gpt2"), ErrorCode::unsupported,
        "'tokenizer.ggml.pre' is missing");
  check(gpt2(3, "viking"), ErrorCode::unsupported, "'viking'");
  check(gpt2(3, "qwen2"), ErrorCode::corrupt, "'tokenizer.ggml.tokens' is missing");
  check(gpt2(4, "qwen2").array("tokenizer.ggml.tokens", kGgufString, 1).string("a"),
        ErrorCode::corrupt, "no token stands for the byte 0x00");
  check(gpt2(5, "qwen2")
            .array("tokenizer.ggml.tokens", kGgufString, 1)
            .string("a")
            .array("tokenizer.ggml.token_type", kGgufI32, 0),
        ErrorCode::corrupt, "no token stands for");
  check(gpt2(5, "qwen2")
            .array("tokenizer.ggml.tokens", kGgufString, 1)
            .string("a")
            .array("tokenizer.ggml.token_type", kGgufI32, 2)
            .number<int32_t>(1)
            .number<int32_t>(1),
        ErrorCode::corrupt, "has 2 entries for 1 tokens");
  check(gpt2(5, "qwen2")
            .array("tokenizer.ggml.tokens", kGgufString, 1)
            .string("a")
            .key("tokenizer.ggml.bos_token_id", kGgufU32)
            .number<uint32_t>(1),
        ErrorCode::corrupt, "'tokenizer.ggml.bos_token_id' is 1");
  check(gpt2(5, "qwen2")
            .array("tokenizer.ggml.tokens", kGgufString, 1)
            .string("a")
            .array("tokenizer.ggml.merges", kGgufString, 1)
            .string("ab"),
        ErrorCode::corrupt, "merge 0 is not two tokens");
}

}  // namespace
}  // namespace fathom::engine
